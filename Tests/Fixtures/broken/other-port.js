// A release that listens, but not where its predecessor did.
const http = require('http')

http.createServer((request, response) => response.end('elsewhere\n')).listen(Number(process.env.OTHER_PORT))
