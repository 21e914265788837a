// Answers its pid after as many seconds as the query says.
const http = require('http');
http.createServer((request, response) => {
  const seconds = Number((request.url.split('?')[1]) || 0);
  setTimeout(() => response.end(`${process.pid}\n`), seconds * 1000);
}).listen(Number(process.argv[2]), '127.0.0.1');
