// Sessions of deleted devices on a real broker.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addDevice } from '../../provisioning/database/registry.ts';
import { keepLog } from '../../tests/support/keep-log.ts';
import { readControlSettings } from '../settings/control.ts';
import { endSessions } from './sessions.ts';
import { controlLabOfFile, database, environment, lab } from './testing/rig.ts';

controlLabOfFile();

const SESSION = { clean: false, protocolVersion: 5, properties: { sessionExpiryInterval: 86_400 } } as const;
const waiting = async () =>
  (await lab.admin.query('select device_slug from ingest.sessions_of_deleted order by 1')).rows.map(
    (row) => row.device_slug,
  );

test('a deleted device leaves no session and nothing that waited in it, and one that has its name again keeps its own', async () => {
  lab.followRegistry();
  const made = [];
  for (const device of ['canary-one', 'canary-two']) {
    const { deviceId, key } = await addDevice(lab.admin, { tenant: 'acme', device });
    const name = `acme.${device}`;
    const session = { ...SESSION, clientId: name };
    await expect
      .poll(() => lab.connect(name, key, session).then((client) => client.endAsync(), String))
      .toBeUndefined();
    const client = await lab.connect(name, key, session);
    await client.subscribeAsync(`tenants/acme/devices/${device}/commands`, { qos: 1 });
    await client.endAsync();
    made.push({ deviceId, device });
  }
  const control = await lab.connect('svc-control', lab.serviceKey);
  for (const { device } of made)
    await control.publishAsync(`tenants/acme/devices/${device}/commands`, `waits for ${device}`, { qos: 1 });
  await control.endAsync();
  await lab.admin.query('delete from public.devices where id = any ($1)', [made.map(({ deviceId }) => deviceId)]);
  const turn = () =>
    endSessions(
      database,
      keepLog().log,
      () => 10_000,
      () => readControlSettings(environment()),
    );
  // Not at once: the broker may have the device still.
  await turn();
  expect(await waiting()).toEqual(['canary-one', 'canary-two']);
  await addDevice(lab.admin, { tenant: 'acme', device: 'canary-two' });
  await expect
    .poll(async () => {
      await lab.admin.query('update ingest.sessions_of_deleted set next_at = now()');
      // The broker hears of the deletion within a second.
      return turn().then(waiting, String);
    })
    .toEqual([]);
  await lab.broker.save();
  const state = readFileSync(join(lab.broker.stateDir, 'mosquitto.db'));
  const found = ['acme.canary-one', 'waits for canary-one', 'acme.canary-two'].filter((text) => state.includes(text));
  expect(found).toEqual(['acme.canary-two']);
});
