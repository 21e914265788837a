// A client of HTTP/2 over TLS, as nginx and gRPC are: several requests at a time on one session, another session after a
// GOAWAY. What a server has refused unread is asked again. Beside it one session that is asked once, and then no more.
import http2 from 'node:http2';

const address = `https://127.0.0.1:${process.argv[2]}`;
const time = process.argv[3];
let [answered, again, sessions, goodbyes] = [0, 0, 0, 0];
const failures = [];
let [isOver, awaited, current] = [false, 0, undefined];

function open() {
  const session = http2.connect(address, { rejectUnauthorized: false });
  const forget = () => { if (current === session) current = undefined; };
  session.on('goaway', (code) => { goodbyes += 1; if (code) failures.push(`goaway ${code}`); forget(); });
  session.on('close', forget);
  session.on('error', (error) => { failures.push(`session ${error.code}`); forget(); });
  sessions += 1;
  return session;
}

function ask(session, done) {
  let [text, isRefused] = ['', false];
  awaited += 1;
  const stream = session.request({ ':path': `/${time}` });
  stream.setEncoding('utf8').on('data', (data) => { text += data; });
  stream.on('error', (error) => {
    isRefused = stream.rstCode === http2.constants.NGHTTP2_REFUSED_STREAM;
    if (!isRefused) failures.push(`${error.code} ${stream.rstCode}`);
  });
  stream.on('close', () => {
    awaited -= 1;
    if (isRefused) again += 1;
    else if (text.endsWith(' 2.0\n')) answered += 1;
    else failures.push(`"${text}" ${stream.rstCode}`);
    done();
  });
}

function turn() {
  if (isOver) return;
  if (!current || current.closed || current.destroyed) current = open();
  ask(current, turn);
}

const idle = open();
ask(idle, () => console.error('running'));
idle.on('goaway', () => console.error('idle: goodbye'));
idle.on('close', () => console.error('idle: closed'));
for (let n = 0; n < 8; n += 1) setTimeout(turn, n * 7);
process.on('SIGINT', () => {
  isOver = true;
  setInterval(() => {
    if (awaited) return;
    console.log(`${answered} answered, ${again} again, ${sessions} sessions, ${goodbyes} goodbyes, `
      + `${failures.length} failed: ${failures.join(', ')}`);
    process.exit();
  }, 10);
});
