// The ledger adds up, whatever happens to a batch, and notices when it would not.
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, MANY_SESSIONS, startLab } from '../../lab/lab.ts';
import { poison, refusePoison } from '../../tests/support/poison.ts';
import { deliveryTo, openStoreRig, type StoreRig } from '../../tests/support/store-rig.ts';
import { addRows, noOutcomes } from './accounting.ts';
import type { Row } from './row.ts';

let rig: Lab;
let store: StoreRig;
beforeAll(async () => {
  rig = await startLab({ devices: 4, broker: MANY_SESSIONS });
  await refusePoison(rig.admin);
  store = await openStoreRig(rig, 'ledger');
});
afterAll(async () => {
  await store.stop();
  await rig.stop();
});

const MINUTE = Date.UTC(2026, 10, 21, 12, 30);
/** What the ledger says of a minute, by tenant. */
async function ledgerOf(minute: number) {
  const { rows } = await rig.admin.query(
    `select coalesce(t.slug, l.tenant_id::text) as tenant, received::int, stored::int, duplicate::int, rejected::int,
       over_quota::int from public.ingest_ledger as l left join public.tenants as t on t.id = l.tenant_id
     where minute = $1 order by 1`,
    [new Date(minute)],
  );
  return rows;
}
const residuals = async () =>
  (await rig.admin.query('select tenant_id, residual::int from public.ingest_residuals')).rows;

test('each batch adds to its minute, by tenant, in the transaction that writes it', async () => {
  const [acme, umbrella] = [rig.devices[0]!, rig.devices.at(-1)!];
  const receivedAt = MINUTE + 59_999;
  const batch = store.batchOf(
    acme,
    ['{"message_id":1}', '{"message_id":1}', '[{"message_id":2},3,{"message_id":4}]', 'bad'],
    { receivedAt },
  );
  batch.add(
    deliveryTo(umbrella.topic, gzipSync('[{"message_id":1},{"message_id":2}]'), {
      properties: { contentType: 'application/gzip' },
    }),
  );
  batch.add(deliveryTo('tenants/nobody/devices/x/telemetry', '{}'));
  await store.store.write(batch);
  await store.write(acme, ['{"message_id":1}', '{"message_id":5}'], { receivedAt: MINUTE });
  expect(await ledgerOf(MINUTE)).toEqual([
    {
      tenant: '00000000-0000-0000-0000-000000000000',
      received: 1,
      stored: 0,
      duplicate: 0,
      rejected: 1,
      over_quota: 0,
    },
    { tenant: 'acme', received: 8, stored: 4, duplicate: 2, rejected: 2, over_quota: 0 },
    { tenant: 'umbrella', received: 2, stored: 2, duplicate: 0, rejected: 0, over_quota: 0 },
  ]);
  expect(await rig.rows(acme)).toHaveLength(4);
  expect(await residuals()).toEqual([]);
});

test('a batch that is rolled back leaves nothing, one that is written again is counted again, and adds up', async () => {
  const device = rig.devices[1]!;
  const minute = MINUTE + 60_000;
  const batch = store.batchOf(device, ['{"ts":1790000000}', '{"v":1}', 'bad'], { receivedAt: minute });
  const letters = 'function ingest.keep_dead_letters';
  await rig.admin.query(`revoke execute on ${letters} from mqtt_ingest`);
  await expect(store.store.write(batch)).rejects.toMatchObject({ code: '42501' });
  await rig.admin.query(`grant execute on ${letters} to mqtt_ingest`);
  expect(await ledgerOf(minute)).toEqual([]);
  await store.store.write(batch);
  await store.store.write(batch);
  expect(await ledgerOf(minute)).toEqual([
    { tenant: 'acme', received: 6, stored: 2, duplicate: 2, rejected: 2, over_quota: 0 },
  ]);
});

test('a batch written the careful way adds up, too', async () => {
  const device = rig.devices[2]!;
  const minute = MINUTE + 120_000;
  const timed = Array.from({ length: 30 }, (_, n) => `{"ts":${1_790_000_000 + n}}`);
  await store.write(device, timed.slice(5, 10), { receivedAt: minute });
  await store.write(device, [...timed, poison(), '{"v":1}', '{"v":1}'], { receivedAt: minute });
  expect(await ledgerOf(minute)).toEqual([
    { tenant: 'acme', received: 38, stored: 32, duplicate: 5, rejected: 1, over_quota: 0 },
  ]);
});

test('a reading that is lost on the way shows as a residual', async () => {
  const device = rig.devices[3]!;
  const batch = store.batchOf(device, ['{"v":1}', '{"v":2}', '{"v":3}']);
  await batch.settle();
  batch.rows.pop();
  await store.store.write(batch);
  expect(await residuals()).toMatchObject([{ residual: 1 }]);
  await rig.admin.query('delete from public.ingest_ledger');
});

test('the bytes are those of the payloads that were stored, however they are written', async () => {
  const device = rig.devices[0]!;
  const minute = MINUTE + 600_000;
  const bytesOf = async () =>
    (await rig.admin.query('select bytes::int from public.ingest_ledger where minute = $1', [new Date(minute)])).rows[0]
      .bytes;
  await store.write(device, ['{"ts":1790001000,"v":"\u00fc"}', 'bad'], { receivedAt: minute });
  expect(await bytesOf()).toBe(26);
  // A duplicate and a bad row make the batch go the careful way.
  await store.write(device, ['{"ts":1790001000,"v":"\u00fc"}', '{"ts":1790001001}', poison()], { receivedAt: minute });
  expect(await bytesOf()).toBe(26 + 17);
});

test('rows and bytes are of their tenant, in whatever order tenants follow each other', () => {
  const outcomes = noOutcomes();
  const row = (tenant: string, bytes: number) => ({ route: { tenant }, size: bytes }) as Row;
  addRows(outcomes, 'stored', [row('a', 1), row('a', 2), row('b', 4), row('a', 8), row('c', 16)]);
  addRows(outcomes, 'duplicate', [row('b', 32)]);
  expect(Object.fromEntries(outcomes.bytes)).toEqual({ a: 11, b: 4, c: 16 });
  const counted = [...outcomes.tallies].map(([tenant, { stored, duplicate }]) => [tenant, stored, duplicate]);
  expect(counted).toEqual([
    ['a', 3, 0],
    ['b', 1, 1],
    ['c', 1, 0],
  ]);
});
