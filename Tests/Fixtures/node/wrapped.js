// A server below npm or a shell: answers what it and a child of it see, and what it was told. `end` ends it.
const { execFileSync } = require('child_process');
const see = '[typeof process.send, process.env.NODE_OPTIONS, process.env.SWPM_CHANNEL].join("/")';
const told = [];
const server = require('http').createServer((request, response) => {
  const child = execFileSync(process.execPath, ['-p', see]).toString().trim();
  response.end(`${process.pid} ${eval(see)} ${child} ${told}\n`);
});
server.listen(Number(process.argv[2]), '127.0.0.1', () => {
  if (!process.send) return;
  process.send('ready');
  process.on('message', (message) => {
    told.push(message);
    if (message === 'end') process.exit(0);
  });
});
