import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { freePort, isPortFree } from './ports.ts';

const LINUX = '/proc/sys/net/ipv4/ip_local_port_range';

it.runIf(existsSync(LINUX))('finds a port that no outgoing connection is given', async () => {
  const [from = 0, to = 0] = readFileSync(LINUX, 'utf8').trim().split(/\s+/).map(Number);
  for (let i = 0; i < 20; i += 1) {
    const port = await freePort();
    expect(port < from || port > to, `${port} is one of ${from} to ${to}`).toBe(true);
  }
});

it('knows a port that is taken from one that is free', async () => {
  const port = await freePort();
  expect(await isPortFree(port)).toBe(true);
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  expect(await isPortFree(port)).toBe(false);
  server.close();
});
