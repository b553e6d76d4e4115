// How long a run of ingest lasts when broker, database or both fall silent, at twenty moments of it. It ends at most five seconds after
// its time guard, leaves no statement running on the server, and nothing is lost.

import { runOnce } from '../functions/ingest/run.ts';
import { MANY_SESSIONS, startLab } from '../lab/lab.ts';
import { keepLog, never } from '../tests/support/keep-log.ts';
import { MOST_BEYOND_MS, momentsOf, runSilenced, SILENCED } from './support/silenced-run.ts';

const MOMENTS = 20;
const GUARD_MS = 2_000;
const MESSAGES = 400;
const AT_ONCE = 5;

/** @param args number of moments. Exit code 1 when a run lasts too long, or a message is lost. */
export async function run([moments = String(MOMENTS)]: string[] = []): Promise<void> {
  const rig = await startLab({ devices: 1, broker: MANY_SESSIONS });
  const key = { MQTT_GATE_KEY_FILE: rig.broker.stampKeyFile };
  try {
    for (const what of SILENCED) {
      const ids = Array.from({ length: Number(moments) }, (_, n) => `${what}-${n}`);
      for (const id of ids) await runOnce(rig.settings(id, key), keepLog().log, never);
      const payloads = Array.from({ length: MESSAGES }, (_, n) => JSON.stringify({ what, n, filler: 'x'.repeat(500) }));
      await rig.devices[0]!.publish(payloads);
      let longest = 0;
      let running = 0;
      const at = momentsOf(ids.length, GUARD_MS);
      for (let from = 0; from < ids.length; from += AT_ONCE) {
        const some = ids.slice(from, from + AT_ONCE);
        const runs = await Promise.all(some.map((id, n) => runSilenced(rig, id, what, at[from + n]!, GUARD_MS)));
        longest = Math.max(longest, ...runs.map(({ durationMs }) => durationMs));
        const { rowCount } = await rig.admin.query(
          "select from pg_stat_activity where application_name = 'mqtt_ingest' and state = 'active'",
        );
        running = Math.max(running, rowCount ?? 0);
        // Its lease may not have been given back.
        await rig.admin.query("update ingest.leases set expires_at = '-infinity' where name = any ($1)", [some]);
        for (const id of some) await runOnce(rig.settings(id, key), keepLog().log, never);
      }
      const { rows } = await rig.admin.query(
        "select count(*)::int as rows from public.telemetry where payload ->> 'what' = $1",
        [what],
      );
      const lost = MESSAGES - rows[0].rows;
      const over = longest - GUARD_MS;
      console.log(
        `${what}: at ${ids.length} moments the longest run ended ${(over / 1000).toFixed(1)} s after its guard, ` +
          `goal: at most ${MOST_BEYOND_MS / 1000}; ${running} statements left running, ${lost} messages lost`,
      );
      if (over > MOST_BEYOND_MS || lost !== 0 || running > 0) process.exitCode = 1;
    }
  } finally {
    await rig.stop();
  }
}
