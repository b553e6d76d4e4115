// A lock between processes of this machine that cannot be left behind.
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:net';

/**
 * Takes the lock of this name, until the server is closed or this process is gone; undefined when another has it.
 * An abstract Unix socket (unix(7)): the kernel frees its name with the process, so no stale lock is ever left.
 */
export function tryLock(name: string): Promise<Server | undefined> {
  const id = createHash('sha256').update(name).digest('hex').slice(0, 16);
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(`\0mqtt-saas-${id}`, () => {
      server.unref();
      resolve(server);
    });
  });
}
