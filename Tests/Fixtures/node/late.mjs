// Two HTTP servers and one for HTTP/2, all made after a while, as frameworks do. Answers "<pid> <own option>".
// The HTTP/2 server takes as long as the path says, from the moment it has said goodbye to the client.
import http from 'node:http';
import http2 from 'node:http2';
import { Worker } from 'node:worker_threads';

const [first, second, third] = process.argv.slice(2).map(Number);
const answer = () => `${process.pid} ${globalThis.own}\n`;
await new Promise((resolve) => setTimeout(resolve, 50));
const thread = new Worker('require("worker_threads").parentPort.on("message", (n) => { setTimeout(() => {}, n) })',
  { eval: true });
thread.postMessage(1);
const server = () => http.createServer((request, response) => {
  request.resume().on('end', () => setTimeout(() => response.end(answer()), 3));
});
server().listen(first, '127.0.0.1');
await new Promise((resolve) => setTimeout(resolve, 50));
const other = http2.createServer();
other.on('stream', (stream, headers) => {
  stream.respond({ ':status': 200 });
  stream.write('begun ');
  const look = setInterval(() => {
    if (!stream.session.closed) return;
    clearInterval(look);
    setTimeout(() => stream.end(answer()), Number(headers[':path'].slice(1)));
  }, 20);
});
other.listen(third, '127.0.0.1');
server().listen(second, '127.0.0.1');
