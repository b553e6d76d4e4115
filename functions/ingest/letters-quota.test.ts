// Dead letters cost their own tenant only, and no more than its limit, whatever it sends.
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, type LabDevice, MANY_SESSIONS, startLab } from '../../lab/lab.ts';
import { poison, refusePoison } from '../../tests/support/poison.ts';
import { deliveryTo, openStoreRig, type StoreRig } from '../../tests/support/store-rig.ts';
import { totalOf } from './accounting.ts';

let rig: Lab;
let store: StoreRig;
let attacker: LabDevice;
let victim: LabDevice;
beforeAll(async () => {
  rig = await startLab({
    devices: [
      { tenant: 'evil', device: 'd' },
      { tenant: 'victim', device: 'd' },
    ],
    broker: MANY_SESSIONS,
  });
  [attacker, victim] = rig.devices as [LabDevice, LabDevice];
  await refusePoison(rig.admin);
  store = await openStoreRig(rig, 'letters');
});
afterAll(async () => {
  await store.stop();
  await rig.stop();
});

/** What a tenant keeps as letters. */
async function kept(device: LabDevice): Promise<{ letters: number; readings: number; bytes: number }> {
  const { rows } = await rig.admin.query(
    `select count(*)::int as letters, coalesce(sum(readings), 0)::int as readings, coalesce(sum(octet_length(payload)), 0)::int as bytes
     from public.dead_letters where topic = $1`,
    [device.topic],
  );
  return rows[0];
}
async function notThere(): Promise<number> {
  const { rows } = await rig.admin.query(
    'select coalesce(sum(not_kept + removed), 0)::int as n from public.dead_letter_counts',
  );
  return rows[0].n;
}
const limitLetters = (n: number) =>
  rig.admin.query(
    `insert into public.tenant_limits (tenant_id, max_dead_letters, readings_per_day)
     select id, $1, 0 from public.tenants where slug = 'evil'
     on conflict (tenant_id) do update set max_dead_letters = excluded.max_dead_letters`,
    [n],
  );

test('50 gzips of a thousand non-objects are 50 letters of their size, and 50,000 rejected readings in the ledger', async () => {
  const gzip = { properties: { contentType: 'application/gzip' } };
  const messages = Array.from({ length: 50 }, (_, n) => gzipSync(JSON.stringify(Array(1000).fill(n))));
  const sent = messages.reduce((sum, { length }) => sum + length, 0);
  const batch = store.batchFrom([
    ...messages.map((payload) => deliveryTo(attacker.topic, payload, gzip)),
    deliveryTo(victim.topic, '{"v":1}'),
  ]);
  const { tallies } = await store.store.write(batch);
  expect(tallies.get('evil')).toMatchObject({ received: 50_000, rejected: 50_000 });
  expect(tallies.get('victim')).toMatchObject({ stored: 1 });
  expect(await kept(attacker)).toEqual({ letters: 50, readings: 50_000, bytes: sent });
});

test('what the database refuses of one message is one letter, too', async () => {
  const before = await kept(attacker);
  await rig.admin.query('update public.tenant_limits set readings_per_day = null');
  await store.write(attacker, [`[${poison()},{"v":1},${poison()}]`]);
  const after = await kept(attacker);
  expect([after.letters - before.letters, after.readings - before.readings]).toEqual([1, 2]);
});

test('a tenant whose quota of readings is 0 keeps as many letters as it may, and the others are counted', async () => {
  await rig.admin.query('delete from public.dead_letters');
  await limitLetters(100);
  const before = await notThere();
  for (let batch = 0; batch < 10; batch++)
    await store.write(
      attacker,
      [...Array(500).keys()].map((n) => `bad ${batch} ${n}`),
    );
  const { letters } = await kept(attacker);
  expect(letters).toBeLessThanOrEqual(100);
  expect(letters).toBeGreaterThanOrEqual(90);
  expect(letters + (await notThere()) - before).toBe(5000);
  const { rejected } = totalOf((await store.write(attacker, ['bad'])).tallies);
  expect(rejected).toBe(1);
});

test('a letter of another tenant is kept beside it', async () => {
  await store.write(victim, ['bad']);
  expect(await kept(victim)).toMatchObject({ letters: 1 });
});
