// Listens on the ports given; prints a line when all are open.
import { createServer } from 'node:net';

let waiting = process.argv.length - 2;
for (const port of process.argv.slice(2)) {
  createServer((socket) => socket.end()).listen(Number(port), () => {
    waiting -= 1;
    if (waiting === 0) console.log('ready');
  });
}
