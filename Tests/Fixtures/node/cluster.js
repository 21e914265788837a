// Node's own way to run several servers on one port: a primary that hands every connection to a worker.
const cluster = require('cluster')

if (cluster.isPrimary) {
    for (let i = 0; i < Number(process.env.WORKERS || 2); i++) cluster.fork()
} else {
    require(process.env.SERVER || './server.js')
}
