// A plain Node server: no signal is handled, nothing knows of a process manager.
const http = require('http')

const server = http.createServer((request, response) => response.end(`${process.pid}\n`))
server.listen(Number(process.argv[2] || process.env.PORT))
