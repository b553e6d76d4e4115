// The broker of such an environment: plain MQTT, open to everyone. On loopback.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild, stopChild } from '../../lab/child.ts';
import { findMosquitto } from '../../lab/mosquitto.ts';
import { freePort } from '../../lab/ports.ts';
import { giveToService, SERVICE_USER } from '../../lab/unprivileged.ts';

/** @returns its URL, and what ends it. */
export async function startOldBroker(dir: string): Promise<{ url: string; stop(): Promise<void> }> {
  const port = await freePort();
  const file = join(dir, 'old-mosquitto.conf');
  writeFileSync(file, `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n`);
  giveToService(file);
  const child = startChild(findMosquitto(), ['-c', file], {
    stdio: 'ignore',
    ...(SERVICE_USER && { user: SERVICE_USER }),
  });
  const until = Date.now() + 10_000;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isOpen) break;
    if (child.exitCode !== null || Date.now() > until) throw new Error('the old broker did not start');
    await sleep(20);
  }
  return { url: `mqtt://127.0.0.1:${port}`, stop: () => stopChild(child) };
}
