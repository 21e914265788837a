// HTTP/2 and HTTP/1.1 over TLS on one port, as browsers are served. Answers "<pid> <version>", after as many milliseconds as the path says.
import fs from 'node:fs';
import http2 from 'node:http2';

const [, , port, key, cert] = process.argv;
const options = { key: fs.readFileSync(key), cert: fs.readFileSync(cert), allowHTTP1: true };
http2.createSecureServer(options, (request, response) => {
  const answer = () => response.end(`${process.pid} ${request.httpVersion}\n`);
  request.resume().on('end', () => setTimeout(answer, Number(request.url.slice(1)) || 3));
}).listen(Number(port), '127.0.0.1');
