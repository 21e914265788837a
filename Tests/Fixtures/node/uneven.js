// A server of which two requests in a hundred keep the whole program busy for 20 ms.
const http = require('http')

const server = http.createServer((request, response) => {
    if (Math.random() < 0.02) {
        const until = process.hrtime.bigint() + 20_000_000n
        while (process.hrtime.bigint() < until);
    }
    response.end(`${process.pid}\n`)
})
server.listen(Number(process.argv[2]))
