// A client of HTTP/2: one request of so many milliseconds, and what happens to its session.
import http2 from 'node:http2';

const [, , port, time] = process.argv;
const session = http2.connect(`http://127.0.0.1:${port}`);
session.on('goaway', (code) => console.log(`goaway ${code}`));
session.on('close', () => console.log('closed'));
session.on('error', (error) => console.log(`error ${error.code}`));
const stream = session.request({ ':path': `/${time}` });
let text = '';
stream.setEncoding('utf8').on('data', (data) => { text += data; if (text === 'begun ') console.error('begun'); });
stream.on('error', (error) => console.log(`stream error ${error.code}`));
stream.on('end', () => console.log(`answer ${text.trim()}`));
