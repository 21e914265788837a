// What a Node program can do with listeners: one case for each word. Ports and paths are arguments; answers are
// "<pid> <isWorker> <id>".
const cluster = require('cluster')
const http = require('http')

const [, , word, first, second] = process.argv
const worker = () => `${process.pid} ${cluster.isWorker} ${cluster.worker ? cluster.worker.id : 0}\n`
const server = () => http.createServer((request, response) => response.end(worker()))
const said = []
const log = (text) => said.push(text)

const cases = {
    http: () => server().listen(Number(first)),
    slow: () => http.createServer((request, response) => {
        const answer = () => response.end(worker())
        if (request.url === '/slow') setTimeout(answer, 2000)
        else answer()
    }).listen(Number(first)),
    ready: () => server().listen(Number(first), () => {
        if (!process.env.NEVER_READY) process.send('ready')
    }),
    two: () => { server().listen(Number(first)); server().listen(Number(second), 'localhost') },
    zero: () => {
        const chosen = server().listen(0, '127.0.0.1', () => {
            const { port } = chosen.address()
            // A second server, which tells where the first one is.
            http.createServer((request, response) => response.end(`${port} ${worker()}`)).listen(Number(first))
        })
    },
    path: () => http.createServer((request, response) => {
        setTimeout(() => response.end(worker()), Number(second || 0))
    }).listen({ path: first, writableAll: true, readableAll: true }),
    udp: () => {
        const socket = require('dgram').createSocket('udp4')
        socket.on('message', (message, from) => socket.send(worker(), from.port, from.address))
        socket.bind(Number(first), '127.0.0.1')
    },
    net: () => require('net').createServer((socket) => socket.end(worker())).listen(Number(first), '127.0.0.1'),
    again: () => {
        const one = server().listen(Number(first), () => one.close(() => server().listen(Number(first))))
    },
    busy: () => {
        server().listen(Number(first), () => {
            const other = http.createServer()
            other.on('error', (error) => log(error.code)).on('listening', () => log('twice')).listen(Number(first))
        })
        http.createServer((request, response) => response.end(`${said} ${worker()}`)).listen(Number(second))
    },
    exclusive: () => {
        server().listen(Number(first))
        server().listen({ port: Number(second), host: '127.0.0.1', exclusive: true })
    },
    leave: () => http.createServer((request, response) => {
        response.end(worker())
        if (request.url === '/disconnect') cluster.worker.disconnect()
        if (request.url === '/kill') cluster.worker.kill()
    }).listen(Number(first)),
    own: () => {
        if (cluster.isPrimary) for (let i = 0; i < 2; i++) cluster.fork()
        else server().listen(Number(first))
    },
    fork: () => {
        const child = require('child_process').fork(__filename, ['child'])
        child.on('message', (message) => http.createServer((request, response) => {
            response.end(`${message} ${worker()}`)
        }).listen(Number(first)))
    },
    child: () => process.send([cluster.isWorker, process.env.NODE_UNIQUE_ID === undefined,
        process.env.NODE_CHANNEL_FD === undefined, cluster.isPrimary].join('/'), () => process.disconnect()),
    environment: () => http.createServer((request, response) => {
        const names = Object.keys(process.env).filter((name) => /^NODE_(CHANNEL|UNIQUE)/.test(name))
        response.end(`names:${names} ${worker()}`)
    }).listen(Number(first)),
    https: () => {
        const { readFileSync } = require('fs')
        const options = { key: readFileSync('key.pem'), cert: readFileSync('cert.pem') }
        require('https').createServer(options, (request, response) => {
            response.setHeader('Connection', 'close')
            response.end(`${request.socket.isSessionReused()} ${worker()}`)
        }).listen(Number(first), '127.0.0.1')
    },
}

cases[word]()
