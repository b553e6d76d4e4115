// Prints which of a host's ports take a connection: `WHO PORT open|refused|silent`.
import { connect } from 'node:net';

/** A firewall that drops answers nothing at all; on one machine an answer takes well under a millisecond. */
const SILENCE_MS = 1000;

const [who, host, ...ports] = process.argv.slice(2);
for (const port of ports) {
  const socket = connect(Number(port), host);
  const end = (state: string) => {
    console.log(who, port, state);
    socket.destroy();
  };
  const timer = setTimeout(() => end('silent'), SILENCE_MS);
  socket.once('close', () => clearTimeout(timer));
  socket.once('connect', () => end('open'));
  socket.once('error', () => end('refused'));
}
