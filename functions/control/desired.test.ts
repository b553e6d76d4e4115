// What is desired of a device, on its way to it through a real broker, and what the device reports.
import { expect, test } from 'vitest';
import { addDevice, readRegistry } from '../../provisioning/database/registry.ts';
import { ask, controlLabOfFile, drain, lab, listen, pump, startControl } from './testing/rig.ts';

controlLabOfFile();

test('what is desired waits on the broker for the device, until it reports that it is so', async () => {
  const { turn } = startControl();
  const state = async () =>
    (await lab.admin.query('select desired_version, published_version, delta, reported from public.device_state'))
      .rows[0];
  const want = (desired: object | null) =>
    lab.admin.query(
      `insert into public.device_state as s (tenant_id, device_id, desired, desired_version, next_at) values ($1, $2, $3, 1, now())
       on conflict on constraint device_state_pkey do update
         set desired = excluded.desired, desired_version = s.desired_version + 1, published_at = null, next_at = now()`,
      [pump.tenantId, pump.id, desired],
    );
  await want({ interval: 60, unit: 'C' });
  await turn();
  expect(await state()).toMatchObject({ published_version: 1, delta: { interval: 60, unit: 'C' } });
  const device = await listen(pump, 'desired');
  await expect.poll(() => device.received).toEqual([{ topic: 'desired', text: '{"unit": "C", "interval": 60}' }]);
  const report = (text: string) => device.client.publishAsync(`${device.prefix}reported`, text, { qos: 1 });
  await report('{"interval": 30}');
  await report('{"interval": 60, "uptime": 5}');
  await report('[1]');
  await drain();
  expect(await state()).toMatchObject({ reported: { interval: 60, uptime: 5 }, delta: { unit: 'C' } });
  expect(await lab.deadLetters({ topic: `${device.prefix}reported` })).toMatchObject([{ reason: 'not-an-object' }]);
  // An older report that comes later changes nothing.
  await lab.admin.query(
    `select ingest.note_reports(array[$1::uuid], array[$2::uuid], '{reported}', array['{"interval": 1}'::jsonb], array[now() - interval '1 hour'])`,
    [pump.tenantId, pump.id],
  );
  expect(await state()).toMatchObject({ reported: { interval: 60, uptime: 5 } });
  // The broker may have lost it: again after an hour.
  await lab.admin.query("update public.device_state set published_at = now() - interval '1 hour', next_at = now()");
  await turn();
  await expect.poll(() => device.received).toHaveLength(2);
  await report('{"interval": 60, "unit": "C"}');
  await drain();
  await lab.admin.query("update public.device_state set published_at = now() - interval '1 hour', next_at = now()");
  await turn();
  expect(await state()).toMatchObject({ delta: {} });

  await want(null);
  await turn();
  await expect.poll(() => device.received.at(-1)?.text).toBe('');
  await want({ interval: 90 });
  await turn();
  await expect.poll(() => device.received).toHaveLength(4);
  await lab.admin.query('delete from public.device_state');
  await turn();
  expect((await lab.admin.query('select from ingest.retained_of_deleted')).rowCount).toBe(0);
  const next = await listen(pump, 'desired');
  await ask(pump, { n: 1 });
  await turn();
  expect(next.received).toEqual([]);
});

test('what was desired of a deleted device has left the broker before another one may connect by its name', async () => {
  const { turn } = startControl();
  const name = { tenant: 'acme', device: 'second-hand' };
  const mayConnect = async () =>
    (await readRegistry(lab.admin)).some((entry) => entry.kind === 'device' && entry.device === name.device);
  const { tenantId, deviceId } = await addDevice(lab.admin, name);
  await lab.admin.query(
    `insert into public.device_state (tenant_id, device_id, desired, desired_version, next_at) values ($1, $2, '{"a": 1}', 1, now())`,
    [tenantId, deviceId],
  );
  // It is on its way when the device is deleted: nobody notes that the broker has it.
  const { rows } = await lab.admin.query('select kind from ingest.control_work(10, 1000000)');
  expect(rows).toEqual([{ kind: 'desired' }]);
  await lab.admin.query('delete from public.devices where id = $1', [deviceId]);
  await addDevice(lab.admin, name);
  expect(await mayConnect()).toBe(false);
  await turn();
  expect(await mayConnect()).toBe(true);
  await lab.admin.query('delete from public.devices where slug = $1', [name.device]);
});
