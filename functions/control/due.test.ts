// What the database gives the control loop to do: which devices, how much of each, and when it tries an absent one again.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readPlans } from '../../bench/support/plans.ts';
import { addDevice } from '../../provisioning/database/registry.ts';
import { startTestDatabase, type TestDatabase } from '../../provisioning/database/testing/database.ts';
import type { Work } from './publish.ts';

let rig: TestDatabase;
let pump: { tenantId: string; deviceId: string };
let hive: typeof pump;

beforeAll(async () => {
  rig = await startTestDatabase();
  pump = await addDevice(rig.admin, { tenant: 'acme', device: 'pump', createTenant: true });
  hive = await addDevice(rig.admin, { tenant: 'umbrella', device: 'hive', createTenant: true });
});
afterAll(() => rig.stop());
afterEach(() =>
  rig.admin.query(
    "delete from public.device_commands; delete from public.device_state; delete from public.devices where slug like 'many-%'",
  ),
);

const ask = ({ tenantId, deviceId }: typeof pump, age = '0 s') =>
  rig.admin.query(
    `insert into public.device_commands (tenant_id, device_id, payload, requested_at) values ($1, $2, '{}', now() - $3::interval)`,
    [tenantId, deviceId, age],
  );

test('each device and tenant gets its share of a pass', async () => {
  await rig.admin.query(
    `with made as (
      insert into public.devices (tenant_id, slug, name) select $1, 'many-' || n, 'x' from generate_series(1, 30) as n returning id)
    insert into public.device_commands (tenant_id, device_id, payload, requested_at)
    select $1, m.id, '{}', now() - interval '1 hour' from made as m, generate_series(1, 10)`,
    [pump.tenantId],
  );
  for (let n = 1; n <= 30; n += 1) await ask(hive);
  const { rows } = await rig.admin.query(
    'select device_id, count(*)::int as n from ingest.control_work(2, 1000000) group by 1 order by 2',
  );
  expect(rows).toEqual([
    { device_id: expect.any(String), n: 10 },
    { device_id: hive.deviceId, n: 20 },
  ]);
});

test('what is due is found by indexes, however many devices have a state that they do not report', async () => {
  await rig.admin.query(
    `with made as (
      insert into public.devices (tenant_id, slug, name) select $1, 'many-' || n, 'x' from generate_series(1, 3000) as n returning tenant_id, id),
    heard as (
      insert into public.device_status (tenant_id, device_id, last_received_at, fields)
      select tenant_id, id, now(), (select jsonb_object_agg(n, md5(id::text || n)) from generate_series(1, 40) as n) from made)
    insert into public.device_state (tenant_id, device_id, desired, desired_version, next_at, heard_from)
    select tenant_id, id, '{"a": 1}', 1, now() + interval '1 hour', case when left(id::text, 1) = '0' then now() end + interval '1 hour' from made`,
    [pump.tenantId],
  );
  await ask(pump);
  await rig.admin.query('analyze public.device_state, public.device_status, public.devices');
  const plans = await readPlans(rig.admin, () => rig.admin.query('select from ingest.control_work(10, 1000000)'));
  expect(plans.sequentialScans.filter((table) => table.startsWith('device_st'))).toEqual([]);
});

test('a device that is heard and never subscribes is tried once a minute before long, and at once when it is back', async () => {
  await ask(pump, '1 hour');
  let second = 0;
  /** The seconds at which it is tried, in vain. */
  const tried: number[] = [];
  const pass = async (seconds: number, heard: boolean) => {
    for (const end = second + seconds; second < end; second += 1) {
      await rig.admin.query(
        "update public.device_state set next_at = next_at - interval '1 second', heard_from = heard_from - interval '1 second'",
      );
      await rig.admin.query(
        `insert into public.device_status as s (tenant_id, device_id, last_received_at) values ($1, $2, now())
         on conflict (tenant_id, device_id) do update
           set last_received_at = case when $3 then now() else s.last_received_at - interval '1 second' end`,
        [pump.tenantId, pump.deviceId, heard],
      );
      const { rows } = await rig.admin.query<Work>('select * from ingest.control_work(10, 1000000)');
      if (rows.length === 0) continue;
      tried.push(second);
      await rig.admin.query('select ingest.control_done($1)', [
        JSON.stringify(rows.map((one) => ({ ...one, outcome: 'absent' }))),
      ]);
    }
  };
  const pauses = () => tried.slice(1).map((at, n) => at - tried[n]!);
  await pass(400, true);
  expect(pauses().length).toBeLessThan(12);
  // They grow to a minute, less what the test itself took of it.
  for (const [n, pause] of pauses().slice(1).entries())
    expect(pause).toBeGreaterThanOrEqual(Math.min(pauses()[n]!, 50));
  expect(pauses().at(-1)).toBeGreaterThanOrEqual(50);
  expect(pauses().at(-1)).toBeLessThanOrEqual(61);
  // Silent for so long that a try finds that it was not heard; then it is back, and tried although a minute is not over.
  await pass(130, false);
  while (second - tried.at(-1)! < 10) await pass(1, false);
  tried.splice(0);
  await pass(20, true);
  expect(tried[0]).toBe(second - 20);
  expect(pauses()[0]).toBeLessThanOrEqual(6);
});
