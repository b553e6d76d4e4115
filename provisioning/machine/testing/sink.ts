// Takes connections and what they bring on the port given; tells each how many bytes of it have come.
import { createServer } from 'node:net';

createServer({ allowHalfOpen: true }, (socket) => {
  let received = 0;
  socket.on('error', () => {});
  socket.on('data', (data) => {
    received += data.length;
    socket.write(`${received}\n`);
  });
}).listen(Number(process.argv[2]), '::', () => console.log('ready'));
