// Writes down every message, and ends at the word PM2 uses.
const { appendFileSync } = require('fs');
process.on('message', (message) => {
  appendFileSync(process.argv[2], `${process.env.NODE_APP_INSTANCE} ${JSON.stringify(message)}\n`);
  if (message === 'shutdown') process.exit(0);
});
process.on('SIGTERM', () => {});
setInterval(() => {}, 1000);
appendFileSync(process.argv[2], `${process.env.NODE_APP_INSTANCE} up\n`);
