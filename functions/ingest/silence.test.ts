// Broker, database or both stop answering at some moment of a run, and nothing closes a connection: the run ends, and nothing is lost.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { momentsOf, runSilenced, SILENCED } from '../../bench/support/silenced-run.ts';
import { type Lab, MANY_SESSIONS, startLab } from '../../lab/lab.ts';
import { keepLog, never } from '../../tests/support/keep-log.ts';
import { runOnce } from './run.ts';

let rig: Lab;
beforeAll(async () => {
  rig = await startLab({ devices: 3, broker: MANY_SESSIONS });
});
afterAll(() => rig.stop());

const MESSAGES = 300;
const GUARD_MS = 1_500;
const MOMENTS = 20;

// `npm run bench -- silence` says how soon.
test.each(SILENCED)(
  '%s silent, at twenty moments of a run',
  async (what) => {
    const device = rig.devices[SILENCED.indexOf(what)]!;
    const runs = momentsOf(MOMENTS, GUARD_MS).map((atMs) => ({ atMs, id: `${what}-${atMs}` }));
    const key = { MQTT_GATE_KEY_FILE: rig.broker.stampKeyFile };
    const run = (id: string) => runOnce(rig.settings(id, key), keepLog().log, never);
    await Promise.all(runs.map(({ id }) => run(id)));
    await device.publish(Array.from({ length: MESSAGES }, (_, n) => `{"n":${n}}`));
    const silenced = await Promise.all(runs.map(({ id, atMs }) => runSilenced(rig, id, what, atMs, GUARD_MS)));
    expect(silenced).toHaveLength(MOMENTS);
    for (const { outcome } of silenced)
      expect(['time-guard', 'idle', 'failed', 'broker-unavailable', 'broker-lost']).toContain(outcome);
    const running = "select from pg_stat_activity where application_name = 'mqtt_ingest' and state = 'active'";
    await expect.poll(async () => (await rig.admin.query(running)).rowCount, { timeout: 10_000 }).toBe(0);
    // What was committed and not acknowledged comes again, and is known: each session has had each message.
    await rig.admin.query("update ingest.leases set expires_at = '-infinity'");
    const again = await Promise.all(runs.map(({ id }) => run(id)));
    for (const [index, { received }] of again.entries()) {
      expect(received + silenced[index]!.received).toBeGreaterThanOrEqual(MESSAGES);
    }
    expect(await rig.rows(device)).toHaveLength(MESSAGES);
  },
  60_000,
);
