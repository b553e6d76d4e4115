// Clocks that are days off: ingest's own, the broker's, and the one by which a dead letter was kept.
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { type Lab, MANY_SESSIONS, startLab } from '../../lab/lab.ts';
import { keepLog, never } from '../../tests/support/keep-log.ts';
import { openStoreRig } from '../../tests/support/store-rig.ts';
import { redrive } from './redrive.ts';
import { runOnce } from './run.ts';

const DAY_MS = 86_400_000;
let rig: Lab;
beforeAll(async () => {
  rig = await startLab({ devices: 3, broker: MANY_SESSIONS });
});
afterAll(() => rig.stop());

const receipts = async () =>
  (
    await rig.admin.query<{ off: number }>(
      `select abs(extract(epoch from now() - received_at))::float8 as off
       from (select received_at from public.telemetry union all select received_at from public.dead_letters) as kept`,
    )
  ).rows.map(({ off }) => off);

test.each([
  ['behind', -3],
  ['ahead', 3],
])("ingest's own clock days %s: readings are judged and kept by the database's", async (_, days) => {
  const device = rig.devices[days < 0 ? 0 : 1]!;
  const id = `clock-${days}`;
  await runOnce(rig.settings(id), keepLog().log, never);
  const ts = new Date().toISOString();
  const before = (await receipts()).length;
  await device.publish([`{"ts":"${ts}"}`, '{"v":"no time"}', '{"ts":"2099-01-01T00:00:00Z"}']);
  const real = Date.now;
  vi.spyOn(Date, 'now').mockImplementation(() => real() + days * DAY_MS);
  onTestFinished(() => void vi.restoreAllMocks());
  expect(await runOnce(rig.settings(id), keepLog().log, never)).toMatchObject({ stored: 2, rejected: 1 });
  const offs = await receipts();
  expect(offs).toHaveLength(before + 3);
  for (const off of offs) expect(off).toBeLessThan(3600);
  const { rows } = await rig.admin.query("select from public.ingest_ledger where minute > now() - interval '1 hour'");
  expect(rows.length).toBeGreaterThan(0);
});

test('a letter kept by a clock that was days behind is redriven by the later of receipt and now', async () => {
  const device = rig.devices[2]!;
  const store = await openStoreRig(rig, 'clock');
  onTestFinished(() => store.stop());
  const slow = Date.now() - 5 * DAY_MS;
  const payload = `{"ts":"${new Date().toISOString()}"}`;
  const batch = store.batchOf(device, [payload], { receivedAt: slow });
  await store.store.write(batch);
  const { rows } = await rig.admin.query('select id::text, reason from public.dead_letters where topic = $1', [
    device.topic,
  ]);
  expect(rows).toMatchObject([{ reason: 'timestamp-out-of-range' }]);
  expect(await redrive(rig.admin, rows[0].id)).toEqual({ outcome: 'stored' });
});

test('a broker whose clock is days behind, or ahead, does not make good readings letters', async () => {
  const device = rig.devices[2]!;
  const store = await openStoreRig(rig, 'stamp-clock');
  onTestFinished(() => store.stop());
  for (const days of [-3, 3]) {
    const stamp = { receivedAt: Date.now() + days * DAY_MS, boot: '0123abcd', counter: days + 10, note: '' };
    const { tallies } = await store.write(device, [`{"ts":"${new Date().toISOString()}","days":${days}}`], { stamp });
    expect(tallies.get(device.tenant)).toMatchObject({ stored: 1, rejected: 0 });
  }
});
