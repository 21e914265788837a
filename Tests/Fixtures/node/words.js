// Writes down every message, and ends at the word PM2 uses.
const { appendFileSync } = require('fs');
process.on('message', (message) => {
  appendFileSync(process.argv[2], `${process.env.NODE_APP_INSTANCE} ${JSON.stringify(message)}\n`);
  if (message === 'shutdown') process.exit(0);
  const action = message.msg || message;
  const answer = { type: 'axm:reply', data: { return: [action, message.opts], action_name: action } };
  if (action === 'count') process.send(answer);
});
process.on('SIGTERM', () => {});
setInterval(() => {}, 1000);
appendFileSync(process.argv[2], `${process.env.NODE_APP_INSTANCE} up\n`);
