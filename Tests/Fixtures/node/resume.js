// A TLS client that resumes one session again and again: prints "<resumed> <pid>" for each connection.
const https = require('https')
const tls = require('tls')

const [, , port, count] = process.argv
let session

function ask(left) {
    if (left === 0) return
    const socket = tls.connect({ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false, session,
        maxVersion: 'TLSv1.2' })
    socket.once('session', (given) => { if (!session) session = given })
    socket.on('secureConnect', () => socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'))
    let text = ''
    socket.on('data', (data) => { text += data })
    socket.on('close', () => { console.log(text.split('\r\n\r\n').pop().trim()); ask(left - 1) })
}
ask(Number(count))
