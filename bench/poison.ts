// Another tenant's delay from publish to row while one tenant sends what the database refuses, with the database some milliseconds
// away: the worker as it is deployed, thousands of hostile messages at once, several times; first as many plain readings.
import { setTimeout as sleep } from 'node:timers/promises';
import { startIngestWorker } from '../lab/ingest-worker.ts';
import { MANY_SESSIONS, startLab } from '../lab/lab.ts';
import { startProxy } from '../lab/proxy.ts';
import { buildFunctions } from '../provisioning/functions/build.ts';
import { BOMBS, type Bomb } from '../tests/support/bombs.ts';
import { poison, refusePoison } from '../tests/support/poison.ts';
import { quantile } from './support/quantiles.ts';

const DATABASE_MS = 6;
const HOSTILE = 3_000;
const WAVES = 3;
const PHASE_MS = 20_000;
const EVERY_MS = 40;
const MOST_RATIO = 2;
const AT_ONCE = 300;

const KINDS: Record<string, Bomb> = {
  'plain readings': { contentType: undefined, make: (n) => Buffer.from(`{"n":${n},"temperature":21.5}`) },
  'refused before the database': BOMBS['gzip of a number that no jsonb holds']!,
  // From the second time on.
  'stored before': {
    contentType: undefined,
    make: (n) => Buffer.from(`{"ts":${1_795_000_000 + (n % HOSTILE)},"v":1}`),
  },
  'refused by the database': { contentType: undefined, make: (n: number) => Buffer.from(poison({ n })) },
};

/** @param args hostile messages at once; then a part of the kinds' names. Exit code 1 when the other tenant's p99 is more than twice its quiet one, or one is lost. */
export async function run([hostile = String(HOSTILE), only = '']: string[] = []): Promise<void> {
  await buildFunctions();
  const rig = await startLab({ devices: 2, broker: MANY_SESSIONS });
  const proxy = await startProxy(rig.postgres.port, { delayMs: DATABASE_MS });
  const url = new URL(rig.env('poison').EXTERNAL_DATABASE_CONNECTION_STRING!);
  url.port = String(proxy.port);
  const env = rig.env('poison', {
    EXTERNAL_DATABASE_CONNECTION_STRING: url.href,
    MQTT_GATE_KEY_FILE: rig.broker.stampKeyFile,
  });
  let ready = () => {};
  const connected = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const worker = startIngestWorker({
    env: { ...env, LOG_LEVEL: 'debug' },
    logFile: '/dev/null',
    onLog: ({ msg }) => msg === 'connected to the broker' && ready(),
  });
  try {
    await refusePoison(rig.admin);
    await connected;
    const victim = rig.devices.at(-1)!;
    const client = await victim.connect();
    let next = 0;
    /** @returns its delays in milliseconds, and how many never came. */
    const phase = async (attack: () => Promise<void>) => {
      const sent = new Map<number, number>();
      const delays: number[] = [];
      const first = next;
      const attacking = attack();
      const end = performance.now() + PHASE_MS;
      const publishing = (async () => {
        while (performance.now() < end) {
          sent.set(next, performance.now());
          void client.publishAsync(victim.topic, `{"n":${next++}}`, { qos: 1 });
          await sleep(EVERY_MS);
        }
      })();
      let seen = first - 1;
      while (seen < next - 1 || performance.now() < end) {
        const { rows } = await rig.admin.query<{ n: number }>(
          `select (payload ->> 'n')::int as n from public.telemetry where tenant_id = $1 and device_id = $2
           and ts > now() - interval '2 minutes' and (payload ->> 'n')::int > $3 order by 1`,
          [await tenantId(), victim.id, seen],
        );
        for (const { n } of rows) delays.push(performance.now() - sent.get(n)!);
        seen = rows.at(-1)?.n ?? seen;
        if (performance.now() > end + 60_000) break;
        await sleep(10);
      }
      await Promise.all([publishing, attacking]);
      return { p50: quantile(delays, 0.5), p99: quantile(delays, 0.99), lost: next - first - delays.length };
    };
    const { rows: tenants } = await rig.admin.query<{ id: string }>(
      "select id from public.tenants where slug = 'umbrella'",
    );
    const tenantId = async () => tenants[0]!.id;
    await phase(async () => {});
    for (const [name, { contentType, make }] of Object.entries(KINDS)) {
      if (!name.includes(only)) continue;
      const waves = Array.from({ length: WAVES }, (_, wave) =>
        Array.from({ length: Number(hostile) }, (_, n) => make(wave * Number(hostile) + n)),
      );
      const quiet = await phase(async () => {});
      const loud = await phase(async () => {
        for (const payloads of waves) {
          await sleep(PHASE_MS / (WAVES + 1));
          // In slices: this process measures meanwhile.
          for (let from = 0; from < payloads.length; from += AT_ONCE) {
            const properties = contentType === undefined ? {} : { contentType };
            await rig.devices[0]!.publish(payloads.slice(from, from + AT_ONCE), { properties });
          }
        }
      });
      const ratio = loud.p99 / quiet.p99;
      console.log(
        `${name}: quiet p50 ${quiet.p50.toFixed(0)} ms, p99 ${quiet.p99.toFixed(0)} ms; with ${WAVES} times ${hostile} messages ` +
          `p50 ${loud.p50.toFixed(0)} ms, p99 ${loud.p99.toFixed(0)} ms, ${ratio.toFixed(2)} times, goal: at most ${MOST_RATIO}; ` +
          `${quiet.lost + loud.lost} lost`,
      );
      if (ratio > MOST_RATIO || quiet.lost + loud.lost > 0) process.exitCode = 1;
    }
    await client.endAsync();
  } finally {
    await worker.stop();
    await proxy.stop();
    await rig.stop();
  }
}
