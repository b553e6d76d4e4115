// The script that starts the broker in a container, with a real broker and folders of the test's own.
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import mqtt from 'mqtt';
import { afterAll, expect, it } from 'vitest';
import { issue, makeAuthority } from '../../lab/authority.ts';
import { startChild, stopChild } from '../../lab/child.ts';
import { freePort } from '../../lab/ports.ts';
import { makeScratchDir } from '../../lab/unprivileged.ts';

const folder = makeScratchDir();
const port = await freePort();
const authority = await makeAuthority('of a test');
const place = (path: string) => join(folder, path);

/** As the kubelet does: both files at once are new ones, not changed ones. */
async function putCertificate(): Promise<void> {
  const { certificate, key } = await issue(authority, ['localhost']);
  for (const [name, text] of Object.entries({ 'server.key': key, 'server.crt': certificate })) {
    writeFileSync(place(`run/${name}.new`), text);
    renameSync(place(`run/${name}.new`), place(`run/${name}`));
  }
}

/** Serial number of the certificate that the broker shows. */
async function served(): Promise<string> {
  const socket: TLSSocket = connect({ host: 'localhost', port, ca: authority.certificate });
  await once(socket, 'secureConnect');
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

for (const path of ['current/bin', 'metrics', 'run']) mkdirSync(place(path), { recursive: true });
for (const name of ['choose-state.py', 'save-state.py']) {
  writeFileSync(place(`current/bin/${name}`), '#!/bin/sh\n');
  chmodSync(place(`current/bin/${name}`), 0o755);
}
writeFileSync(
  place('current/mosquitto.conf'),
  `listener ${port} 127.0.0.1\nallow_anonymous true\nuser root\ncertfile ${place('run/server.crt')}\nkeyfile ${place('run/server.key')}\n`,
);
const script = readFileSync(new URL('./broker.sh', import.meta.url), 'utf8')
  .replaceAll('/opt/mqtt-saas/current', place('current'))
  .replaceAll('/run/mqtt-saas-metrics', place('metrics'))
  .replaceAll('/run/mqtt-saas', place('run'))
  .replace('sleep 5', 'sleep 0.2');
await putCertificate();
const broker = startChild('sh', ['-c', script, 'broker.sh'], {
  stdio: ['ignore', 'ignore', 'pipe'],
  env: { PATH: `${process.env.PATH}:/usr/sbin` },
});
afterAll(async () => {
  await stopChild(broker);
  rmSync(folder, { recursive: true });
});

it('serves a renewed certificate, and keeps its clients', async () => {
  await expect.poll(served).toMatch(/./);
  const before = await served();
  const client = await mqtt.connectAsync(`mqtts://localhost:${port}`, {
    ca: authority.certificate,
    reconnectPeriod: 0,
  });
  let isGone = false;
  client.on('close', () => (isGone = true));
  await putCertificate();
  await expect.poll(served).not.toBe(before);
  await client.publishAsync('still/here', 'yes', { qos: 1 });
  expect(isGone).toBe(false);
  await client.endAsync();
});
