// How long after a device has sent a reading its row can be read: ours as a worker, and the others in the same run. The
// time of sending is taken before the packet is written, that of the row is its commit's; both by this machine's clock.
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { buildFunctions } from '../provisioning/functions/build.ts';
import { type Contender, ours, TUTORIAL } from './ingest/contenders.ts';
import { connectClient } from './support/mqtt-client.ts';
import { cpuSeconds } from './support/processes.ts';
import { startLoad } from './support/publisher.ts';
import { quantile } from './support/quantiles.ts';
import { DEVICES, readingId, readingText } from './support/readings.ts';
import { closeLog, countRows, nameOf, READINGS, type Stage, startStage, type Table } from './support/stage.ts';
import { findTelegraf, startTelegraf } from './support/telegraf.ts';

const HELP = `From a device's publish to the committed row, at a steady rate.

usage: npm run bench -- latency [--rate N] [--seconds N] [--rounds N] [--only NAME,…] [--json FILE]

  --rate     messages a second, of ten devices together. Default: 1000
  --seconds  how long each is measured, after a warm-up. Default: 20
  --rounds   how often, in turn. Default: 3
  --only     some of: ours, telegraf-100ms, telegraf-1s (by its flush interval; its default is 10s), tutorial
  --json     writes every round's numbers into a file
`;

/** The promise: the 99th percentile of ours, milliseconds. */
const GOAL_MS = 250;
const WARM_UP_SECONDS = 3;
const TIMEOUT_MS = 30_000;

/** Milliseconds from publish to row. */
interface Latency {
  p50: number;
  p99: number;
  max: number;
  /** The collector's processor time, part of one core. */
  cpu: number;
  lost: number;
}

/** @param args see HELP. Exit code 1 when the goal is missed or a message is lost by ours. */
export async function run(args: string[] = []): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      rate: { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '20' },
      rounds: { type: 'string', default: '3' },
      only: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const [rate, seconds, rounds] = [Number(values.rate), Number(values.seconds), Number(values.rounds)];
  const all = (await contenders()).filter(({ name }) => values.only?.split(',').includes(name) ?? true);
  await buildFunctions();
  const results: Record<string, Latency[]> = {};
  const stage = await startStage();
  try {
    console.log('                       p50, ms   p99, ms   max, ms  CPU, % of a core  lost');
    for (let round = 1; round <= rounds; round++) {
      for (const contender of all) {
        const result = await measure(stage, contender, rate, seconds);
        results[contender.name] = [...(results[contender.name] ?? []), result];
        const columns = [result.p50, result.p99, result.max].map((ms) => ms.toFixed(0).padStart(8));
        const cpu = (result.cpu * 100).toFixed(0).padStart(16);
        console.log(`${contender.name.padEnd(20)}  ${columns.join('  ')}  ${cpu}  ${String(result.lost).padStart(4)}`);
      }
    }
  } finally {
    await stage.stop();
  }
  judge(results);
  if (values.json) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
}

async function contenders(): Promise<Contender[]> {
  const found = await findTelegraf(console.log);
  if ('missing' in found) {
    console.log(`skipped: telegraf, because ${found.missing}`);
    return [ours(), TUTORIAL];
  }
  const telegraf = (interval: string): Contender => ({
    name: `telegraf-${interval}`,
    table: READINGS,
    part: 1,
    start: (options) => startTelegraf(found.program, options, interval),
  });
  return [ours(), telegraf('100ms'), telegraf('1s'), TUTORIAL];
}

async function measure(stage: Stage, { start, table }: Contender, rate: number, seconds: number): Promise<Latency> {
  await stage.clear();
  const rig = await stage.startBroker(rate * (seconds + WARM_UP_SECONDS));
  const options = stage.optionsFor(rig, table);
  const collector = start(options);
  try {
    const sentAt = new Map<string, number>();
    const clients = await Promise.all(DEVICES.map(({ tenant, device }) => connectClient(rig.device(tenant, device))));
    const publish = async (forSeconds: number, first: number) => {
      const signal = AbortSignal.timeout(forSeconds * 1000);
      const loads = DEVICES.map(({ topic }, index) => {
        const payload = (number: number) => {
          const id = readingId(index, first + number);
          const now = performance.timeOrigin + performance.now();
          sentAt.set(id, now);
          return readingText(id, Math.floor(now));
        };
        return startLoad(clients[index]!, { topic, rate: rate / DEVICES.length, window: 60_000, payload, signal });
      });
      await Promise.all(loads.map(({ done }) => done));
    };
    await publish(WARM_UP_SECONDS, 0);
    await untilRows(stage, table, sentAt.size);
    sentAt.clear();
    const cpu = cpuSeconds(collector.pid);
    await publish(seconds, 1_000_000);
    const used = cpuSeconds(collector.pid) - cpu;
    const rows = await untilIds(stage, table, sentAt);
    await Promise.all(clients.map((client) => client.close()));
    const ages = rows.map(({ id, at }) => at - (sentAt.get(id) as number));
    return {
      p50: quantile(ages, 0.5),
      p99: quantile(ages, 0.99),
      max: quantile(ages, 1),
      cpu: used / seconds,
      lost: sentAt.size - ages.length,
    };
  } finally {
    await collector.stop();
    closeLog(options);
    await rig.remove();
  }
}

async function untilRows(stage: Stage, table: Table, wanted: number): Promise<void> {
  const deadline = Date.now() + TIMEOUT_MS;
  while ((await countRows(stage, table)) < wanted) {
    if (Date.now() > deadline) return;
    await sleep(200);
  }
}

/** Waits for the rows of these ids, and gives the time of each one's commit in milliseconds since 1970. */
async function untilIds(stage: Stage, table: Table, sentAt: Map<string, number>) {
  const { rows: before } = await stage.admin.query<{ n: number }>(
    `select count(*)::int as n from ${nameOf(table)} where ${table.id} <> all ($1)`,
    [[...sentAt.keys()]],
  );
  await untilRows(stage, table, (before[0]?.n ?? 0) + sentAt.size);
  const { rows } = await stage.admin.query<{ id: string; at: number }>(
    `select ${table.id} as id, (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000)::float8 as at
     from ${nameOf(table)} where ${table.id} = any ($1)`,
    [[...sentAt.keys()]],
  );
  return rows;
}

function judge(results: Record<string, Latency[]>): void {
  const worst = (name: string, of: keyof Latency) => Math.max(...(results[name] ?? []).map((result) => result[of]));
  if (!results.ours) return;
  for (const name of Object.keys(results).filter((other) => other !== 'ours')) {
    console.log(`ours: worst p99, of ${name}'s: ${(worst('ours', 'p99') / worst(name, 'p99')).toFixed(3)}`);
  }
  const reached = worst('ours', 'p99') <= GOAL_MS && worst('ours', 'lost') === 0;
  console.log(
    `ours: worst p99 ${worst('ours', 'p99').toFixed(0)} ms, goal: at most ${GOAL_MS}, ${reached ? 'reached' : 'NOT REACHED'}`,
  );
  if (!reached) process.exitCode = 1;
}
