// A program that is told to finish its connections before it has made its server, and what it says to a client then.
const { fork } = require('child_process');
const http2 = require('http2');

const [, , preload, isProgram] = process.argv;

function program() {
  process.once('message', () => {
    const server = http2.createServer((request, response) => response.end('x'));
    server.listen(0, '127.0.0.1', () => process.send(server.address().port));
  });
  process.send('up');
}

function look() {
  const child = fork(__filename, [preload, 'program'], { execArgv: ['--require', preload] });
  const end = (word) => { console.log(word); child.kill(); process.exit(); };
  child.on('internalMessage', ({ act }) => { if (act === 'drained') child.send('go on'); });
  child.on('message', (word) => {
    if (word === 'up') return child.send({ cmd: 'NODE_SWPM', act: 'drain' });
    const session = http2.connect(`http://127.0.0.1:${word}`);
    session.on('goaway', (code) => end(`goodbye ${code}`));
    session.on('error', (error) => end(error.code));
    const ask = () => {
      // What says goodbye may close the session before it tells of it.
      if (session.destroyed) return;
      session.request({ ':path': '/' }).on('error', () => {}).on('close', ask).resume();
    };
    ask();
    setTimeout(end, 3000, 'nothing');
  });
}

if (isProgram) program(); else look();
