// A busy site: opens more connections than it may, and sends more than it may. Prints `CONNECTIONS BYTES`: how many
// connections were taken, and how much arrived of what it sent on one of them.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const CONNECTIONS = 6;
const BYTES = 1024 * 1024;
/** What is dropped stays unanswered; on one machine everything else is there in milliseconds. */
const PATIENCE_MS = 1500;

const [host = '', port = ''] = process.argv.slice(2);
let open = 0;
let arrived = 0;
const sockets = Array.from({ length: CONNECTIONS }, () => {
  const socket = connect(Number(port), host, () => {
    open += 1;
  });
  socket.on('error', () => {});
  return socket;
});
await sleep(PATIENCE_MS);
const busy = sockets.find((socket) => !socket.connecting);
busy?.on('data', (data) => {
  arrived = Number(data.toString().trim().split('\n').at(-1));
});
busy?.write(Buffer.alloc(BYTES));
await sleep(PATIENCE_MS);
console.log(open, arrived);
process.exit(0);
