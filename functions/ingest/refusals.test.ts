// What the gate refuses reaches the tenant's table, each refusal once, however often it is told.
import type { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { telemetryTopic } from '../../domain/topics.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import { keepLog, never } from '../../tests/support/keep-log.ts';
import { openDatabase } from '../database/connection.ts';
import { runOnce } from './run.ts';

let rig: Lab;
beforeAll(async () => {
  rig = await startLab({ devices: 2 });
});
afterAll(() => rig.stop());

const run = async () => expect((await runOnce(rig.settings('svc-ingest'), keepLog().log, never)).outcome).toBe('idle');
const refuse = async () => {
  const client = await rig.devices[0]!.connect({ protocolVersion: 5 });
  await client.publishAsync(telemetryTopic('umbrella', 'sensor'), 'x', { qos: 1 }).catch(() => {});
  await client.endAsync();
};
const refusals = async () =>
  (
    await rig.admin.query(
      `select t.slug, r.reason, sum(r.times)::int as times
       from public.refusals as r join public.tenants as t on t.id = r.tenant_id group by 1, 2 order by 1, 2`,
    )
  ).rows;
/** The gate tells once a second. */
const told = () => new Promise((resolve) => setTimeout(resolve, 1500));

test('a refusal is counted once, over several runs and a restart of the broker', async () => {
  await run();
  expect(await refusals()).toEqual([]);
  for (let n = 0; n < 3; n += 1) await refuse();
  await told();
  await run();
  const foreign = (times: number) => ({ slug: 'acme', reason: 'foreign_topic', times });
  expect(await refusals()).toEqual([foreign(3)]);
  await run();
  expect(await refusals()).toEqual([foreign(3)]);
  await refuse();
  await told();
  await run();
  expect(await refusals()).toEqual([foreign(4)]);
  await rig.startBroker();
  await refuse();
  await expect(rig.connect('acme.nobody', 'wrong')).rejects.toThrow();
  await told();
  await run();
  expect(await refusals()).toEqual([foreign(5), { slug: 'acme', reason: 'unknown_device', times: 1 }]);
}, 60_000);

test('the last refusal of a device is kept, by its device', async () => {
  const { rows } = await rig.admin.query('select device_id, reason, refused_at from public.device_refusals');
  expect(rows).toEqual([{ device_id: rig.devices[0]!.id, reason: 'foreign_topic', refused_at: expect.any(Date) }]);
  expect(Math.abs(rows[0].refused_at.getTime() - Date.now())).toBeLessThan(60_000);
});

test('of each reason the last refusal of a device is kept; one that is told late changes nothing', async () => {
  const [{ id }] = (
    await rig.admin.query(
      "select d.id from public.devices as d join public.tenants as t on t.id = d.tenant_id where t.slug = 'acme' limit 1",
    )
  ).rows;
  const [{ slug }] = (await rig.admin.query('select slug from public.devices where id = $1', [id])).rows;
  const told = (since: number, reason: string, at: number) =>
    add([{ tenant: 'acme', since, counts: { [reason]: 1 }, devices: { [slug]: [reason, at] } }]);
  await told(10, 'wrong_key', 2_000_000);
  await told(11, 'will', 3_000_000);
  await told(12, 'wrong_key', 1_000_000);
  const { rows } = await rig.admin.query(
    `select reason, extract(epoch from refused_at)::int as at from public.device_refusals
     where device_id = $1 and reason in ('wrong_key', 'will') order by reason`,
    [id],
  );
  expect(rows).toEqual([
    { reason: 'will', at: 3000 },
    { reason: 'wrong_key', at: 2000 },
  ]);
});

const add = (told: object[], client: Pick<Client, 'query'> = rig.admin) =>
  client.query('select ingest.add_refusals($1::jsonb)', [JSON.stringify(told)]);

test('only what a counter has grown is added; a counter that began again counts from 0; an unknown tenant counts nothing', async () => {
  const umbrella = (since: number, rate: number) => ({
    tenant: 'umbrella',
    since,
    counts: { rate, will: 0 },
    devices: {},
  });
  const times = async () => (await refusals()).find(({ slug }) => slug === 'umbrella')?.times;
  await add([umbrella(1, 5)]);
  await add([umbrella(1, 5)]);
  expect(await times()).toBe(5);
  await add([umbrella(1, 7)]);
  expect(await times()).toBe(7);
  await add([umbrella(2, 4), { ...umbrella(2, 9), tenant: 'nobody' }]);
  expect(await times()).toBe(11);
  // Told late: what is known stays known.
  await add([umbrella(2, 3)]);
  await add([umbrella(2, 4)]);
  expect(await times()).toBe(11);
});

test('two workers that are told the same at once count it once', async () => {
  const will = [{ tenant: 'umbrella', since: 3, counts: { will: 5 }, devices: {} }];
  const other = openDatabase(rig.settings('svc-ingest').database);
  await rig.admin.query('begin');
  await add(will);
  const adding = other.transaction('', (client) => add(will, client));
  await expect
    .poll(async () => (await rig.admin.query('select from pg_locks where not granted')).rowCount)
    .toBeGreaterThan(0);
  await rig.admin.query('commit');
  await adding;
  await other.close();
  expect(await refusals()).toContainEqual({ slug: 'umbrella', reason: 'will', times: 5 });
});
