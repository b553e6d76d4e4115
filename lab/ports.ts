// Free TCP ports on loopback, so that several platforms run side by side.
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** True when nothing listens on this loopback port. */
export async function isPortFree(port: number): Promise<boolean> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

/**
 * Where free ports are looked for: below the range from which the kernel takes the ports of outgoing connections (from
 * 32,768 on Linux, ip(7) `ip_local_port_range`; from 49,152 elsewhere, RFC 6335), so that none of those takes a port between its
 * choice, or a server's stop, and the next start.
 */
const RANGE = { from: 10_000, to: 32_768 };

/** A loopback port that is free now, by chance, so that two who ask at the same time do not get the same. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(RANGE.from, RANGE.to);
    if (await isPortFree(port)) return port;
  }
}
