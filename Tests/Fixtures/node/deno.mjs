// A server by Node's library, whoever runs it; the second is Deno's own.
import http from 'node:http';
import cluster from 'node:cluster';
import process from 'node:process';

const [first, second] = process.argv.slice(2).map(Number);
const answer = () => `${process.pid} ${cluster.isWorker} ${typeof process.send}\n`;
http.createServer((request, response) => response.end(answer())).listen(first, '127.0.0.1');
if (second) Deno.serve({ port: second, hostname: '127.0.0.1', onListen() {} }, () => new Response(answer()));
