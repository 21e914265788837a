// An ES module that awaits before it listens.
import http from 'node:http'
import cluster from 'node:cluster'

await new Promise((resolve) => setTimeout(resolve, 10))
http.createServer((request, response) => {
    response.end(`${process.pid} ${cluster.isWorker} ${cluster.worker.id}\n`)
}).listen(Number(process.argv[2]))
