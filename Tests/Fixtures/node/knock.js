// Clients that post over kept connections to a path, each the next request right after an answer; until SIGINT. Says
// how many were answered, and what else happened.
const http = require('http');
const [, , socketPath, clients] = process.argv;
let [answered, isOver] = [0, false];
const failures = [];
const byInstance = {};

function ask(agent) {
  if (isOver) return agent.destroy();
  const request = http.request({ socketPath, agent, method: 'POST', headers: { 'Content-Length': 300 } });
  let text = '';
  request.on('response', (response) => {
    response.on('data', (data) => { text += data; });
    response.on('error', (error) => { failures.push(error.code); ask(agent); });
    response.on('end', () => {
      if (response.statusCode !== 200) failures.push(response.statusCode);
      answered += 1;
      const instance = text.split(' ')[0];
      byInstance[instance] = (byInstance[instance] || 0) + 1;
      ask(agent);
    });
  });
  request.on('error', (error) => { failures.push(error.code); setTimeout(ask, 10, agent); });
  request.end('x'.repeat(300));
}

process.on('SIGINT', () => { isOver = true; });
process.on('exit', () => {
  console.log(`${answered} answered by ${Object.keys(byInstance).length}, ${failures.length} failed: ${failures}`);
});
for (let i = 0; i < Number(clients); i++) ask(new http.Agent({ keepAlive: true, maxSockets: 1 }));
console.error('running');
