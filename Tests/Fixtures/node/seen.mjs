// What a program can see of how it was started: itself, a thread, and a child.
import { fork, spawnSync } from 'node:child_process';
import { Worker, isMainThread, parentPort } from 'node:worker_threads';
import { renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
const self = fileURLToPath(import.meta.url);
const see = () => ({
  options: process.env.NODE_OPTIONS ?? null, argv: process.execArgv,
  leaks: Object.keys(process.env).filter((name) => /^NODE_(CHANNEL|UNIQUE)/.test(name)),
  listeners: ['SIGTERM', 'SIGINT', 'message', 'disconnect', 'exit'].map((name) => process.listenerCount(name)),
});
if (!isMainThread) parentPort.postMessage(see());
else if (process.argv[2] === 'child') process.send(see());
else {
  const facts = { self: see(), connected: Boolean(process.connected) };
  facts.plain = JSON.parse(spawnSync(process.execPath, ['-p', 'JSON.stringify(process.env.NODE_OPTIONS ?? null)']).stdout);
  new Worker(new URL(import.meta.url)).once('message', (thread) => {
    facts.thread = thread;
    fork(self, ['child']).once('message', (child) => {
      facts.child = child;
      // Whoever waits for the file finds all of it.
      writeFileSync(`${process.argv[2]}.draft`, JSON.stringify(facts));
      renameSync(`${process.argv[2]}.draft`, process.argv[2]);
      if (process.send) process.send('ready');
    });
  });
}
