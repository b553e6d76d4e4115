// A lock between processes of this machine that can never be left behind.
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_MS = 500;

/**
 * Takes the lock of this name until the server is closed or this process ends; undefined if another process has it.
 * An abstract Unix socket (unix(7)): the kernel frees the name with the process, so no stale lock is left.
 * @param {string} name
 * @returns {Promise<import('node:net').Server | undefined>}
 */
export function tryLock(name) {
  const id = createHash('sha256').update(name).digest('hex').slice(0, 16);
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      'code' in error && error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    );
    server.listen(`\0mqtt-saas-${id}`, () => {
      server.unref();
      resolve(server);
    });
  });
}

/**
 * Takes the lock of this name, waiting for the process that has it.
 * @param {string} name
 * @param {() => void} onWait called once if another process has it
 */
export async function takeTurn(name, onWait) {
  for (let hasSaid = false; ; hasSaid = true) {
    const lock = await tryLock(name);
    if (lock) return lock;
    if (!hasSaid) onWait();
    await sleep(LOOK_MS);
  }
}
