// Another tenant's delay from publish to row, and from publish to alert, while one tenant sends what the database refuses, with the database some milliseconds
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
/** One in this number of its messages breaches a rule, each another one. The worker judges rules every five seconds. */
const BREACH_EVERY = 25;
const RULES = PHASE_MS / (EVERY_MS * BREACH_EVERY);

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

/** @param args hostile messages at once; then a part of the kinds' names. Exit code 1 when the other tenant's p99, or its longest alert, is more than twice its quiet one, or one is lost. */
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
    await rig.admin.query(
      `insert into public.alert_rules (tenant_id, name, kind, field, comparison, threshold, window_minutes)
       select $1, 'a' || n, 'threshold', 'a' || n, 'above', 0, 1 from generate_series(0, $2 - 1) as n`,
      [victim.tenantId, RULES],
    );
    /** @returns its delays in milliseconds, and how many messages, and alerts, never came. */
    const phase = async (attack: () => Promise<void>) => {
      const sent = new Map<number, number>();
      const breaches = new Map<string, number>();
      const delays: number[] = [];
      const alerts: number[] = [];
      await rig.admin.query('delete from public.alerts');
      const first = next;
      const attacking = attack();
      const end = performance.now() + PHASE_MS;
      const publishing = (async () => {
        while (performance.now() < end) {
          const [number, rule] = [next - first, `a${(next - first) / BREACH_EVERY}`];
          const isBreach = number % BREACH_EVERY === 0 && number < RULES * BREACH_EVERY;
          sent.set(next, performance.now());
          if (isBreach) breaches.set(rule, performance.now());
          void client.publishAsync(victim.topic, `{"n":${next++}${isBreach ? `,"${rule}":1` : ''}}`, { qos: 1 });
          await sleep(EVERY_MS);
        }
      })();
      let seen = first - 1;
      while (seen < next - 1 || breaches.size > 0 || performance.now() < end) {
        const { rows } = await rig.admin.query<{ n: number }>(
          `select (payload ->> 'n')::int as n from public.telemetry where tenant_id = $1 and device_id = $2
           and ts > now() - interval '2 minutes' and (payload ->> 'n')::int > $3 order by 1`,
          [victim.tenantId, victim.id, seen],
        );
        for (const { n } of rows) delays.push(performance.now() - sent.get(n)!);
        seen = rows.at(-1)?.n ?? seen;
        const { rows: open } = await rig.admin.query<{ name: string }>(
          'select r.name from public.alerts as a join public.alert_rules as r on r.id = a.rule_id where a.tenant_id = $1',
          [victim.tenantId],
        );
        for (const { name } of open) {
          const published = breaches.get(name);
          if (published !== undefined) alerts.push(performance.now() - published);
          breaches.delete(name);
        }
        if (performance.now() > end + 60_000) break;
        await sleep(10);
      }
      await Promise.all([publishing, attacking]);
      return {
        p50: quantile(delays, 0.5),
        p99: quantile(delays, 0.99),
        alert: Math.max(...alerts),
        lost: next - first - delays.length + breaches.size,
      };
    };
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
      const alertRatio = loud.alert / quiet.alert;
      console.log(
        `${name}: quiet p50 ${quiet.p50.toFixed(0)} ms, p99 ${quiet.p99.toFixed(0)} ms; with ${WAVES} times ${hostile} messages ` +
          `p50 ${loud.p50.toFixed(0)} ms, p99 ${loud.p99.toFixed(0)} ms, ${ratio.toFixed(2)} times; longest of ${RULES} alerts ` +
          `${quiet.alert.toFixed(0)} and ${loud.alert.toFixed(0)} ms, ${alertRatio.toFixed(2)} times; goal: at most ${MOST_RATIO}; ` +
          `${quiet.lost + loud.lost} lost`,
      );
      if (Math.max(ratio, alertRatio) > MOST_RATIO || quiet.lost + loud.lost > 0) process.exitCode = 1;
    }
    await client.endAsync();
  } finally {
    await worker.stop();
    await proxy.stop();
    await rig.stop();
  }
}
