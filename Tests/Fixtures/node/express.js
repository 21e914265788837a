// As anybody would write it: no handler of any signal.
const express = require('express');
const app = express();
app.use(express.text({ type: '*/*' }));
app.post('/', (request, response) => {
  setTimeout(() => response.send(`${process.pid} ${request.body.length}`), 3);
});
app.listen(Number(process.argv[2]), '127.0.0.1');
