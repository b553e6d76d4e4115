// One run: everything waits on the broker, the collector starts, and the cost is measured until the last row is committed.
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchBroker } from '../support/broker.ts';
import { connectClient } from '../support/mqtt-client.ts';
import { cpuSeconds, familyCpuSeconds, peakMiB } from '../support/processes.ts';
import { startLoad } from '../support/publisher.ts';
import { DEVICES, readingId, readingText } from '../support/readings.ts';
import { closeLog, countRows, nameOf, type Stage, type Table } from '../support/stage.ts';
import { drain } from '../support/subscriber.ts';
import type { Contender } from './contenders.ts';

/** The result of a run. CPU is user and system, seconds per 100,000 messages. */
export interface Result {
  rowsPerSecond: number;
  collectorCpu: number;
  brokerCpu: number;
  databaseCpu: number;
  /** The collector's, its start and end included. */
  wholeCpu: number;
  peakMiB: number;
  /** Acknowledged to the devices, and neither in the table nor waiting on the broker. */
  lost: number;
}

/** What a part of the machine has used so far. */
interface Used {
  collector: number;
  broker: number;
  database: number;
}

/** Messages that CPU is given for. */
export const PER = 100_000;
/** A collector without progress for this time has lost the rest, or hangs. */
export const TIMEOUT_MS = 20_000;
export const POLL_MS = 20;

/** @param messages a multiple of the number of devices. */
export async function measure(stage: Stage, contender: Contender, messages: number): Promise<Result> {
  await stage.clear();
  const rig = await stage.startBroker(messages);
  const options = stage.optionsFor(rig, contender.table);
  try {
    const firstTs = Date.now() - messages / DEVICES.length;
    await fill(rig, messages, firstTs);
    const used = (pid: number): Used => ({
      collector: cpuSeconds(pid),
      broker: cpuSeconds(rig.broker().pid),
      database: familyCpuSeconds(stage.postgres.child.pid as number),
    });
    const collector = contender.start(options);
    await untilRows(stage, contender.table);
    const before = used(collector.pid);
    const early = await countRows(stage, contender.table);
    await untilLast(stage, contender.table, messages, firstTs);
    const after = used(collector.pid);
    const peak = peakMiB(collector.pid);
    await collector.stop();
    const waiting = (await drain(rig.ingest)).length;
    const { rows, rate } = await outcome(stage, contender.table);
    const per = (part: keyof Used) => ((after[part] - before[part]) / (rows - early)) * PER;
    return {
      rowsPerSecond: rate,
      collectorCpu: per('collector'),
      brokerCpu: per('broker'),
      databaseCpu: per('database'),
      wholeCpu: (after.collector / rows) * PER,
      peakMiB: peak,
      lost: Math.max(0, messages - rows - waiting),
    };
  } finally {
    closeLog(options);
    await rig.remove();
  }
}

/** Publishes everything, with nobody taking it. @param firstTs time of each device's first reading. */
export async function fill(rig: BenchBroker, messages: number, firstTs: number): Promise<void> {
  const each = messages / DEVICES.length;
  const loads = await Promise.all(
    DEVICES.map(async ({ tenant, device, topic }, index) => {
      const client = await connectClient(rig.device(tenant, device));
      const payload = (number: number) => readingText(readingId(index, number), firstTs + number);
      const load = startLoad(client, { topic, count: each, window: 200, payload });
      await load.done;
      await client.close();
      return load;
    }),
  );
  const queued = loads.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
  if (queued !== messages) throw new Error(`only ${queued} of ${messages} messages were queued on the broker`);
}

async function untilRows({ admin }: Stage, table: Table): Promise<void> {
  const deadline = Date.now() + TIMEOUT_MS;
  while ((await admin.query(`select from ${nameOf(table)} limit 1`)).rowCount === 0) {
    if (Date.now() > deadline) throw new Error('it has written nothing');
    await sleep(POLL_MS);
  }
}

/**
 * Looks each device's last reading up by the key, which costs the database next to nothing, until all are there. Who loses
 * some of them is found by the timeout.
 */
async function untilLast(stage: Stage, table: Table, messages: number, firstTs: number): Promise<void> {
  const each = messages / DEVICES.length;
  const keys = DEVICES.map((_, index) => [...stage.keyOf(table, index), new Date(firstTs + each - 1)]);
  const found = keys.map((_, index) => {
    const columns = [table.tenant, table.device, 'ts'];
    const match = columns.map((column, place) => `${column} = $${index * columns.length + place + 1}`).join(' and ');
    return `exists (select from ${nameOf(table)} where ${match})`;
  });
  const query = `select ${found.join(' and ')} as done`;
  let rows = 0;
  let look = Date.now() + TIMEOUT_MS;
  for (;;) {
    const { done } = (await stage.admin.query<{ done: boolean }>(query, keys.flat())).rows[0] ?? {};
    if (done) return;
    if (Date.now() > look) {
      const now = await countRows(stage, table);
      if (now === rows) return;
      rows = now;
      look = Date.now() + TIMEOUT_MS;
    }
    await sleep(POLL_MS);
  }
}

/** Rows, and rows a second by the clock of their commits: from the first one, which is not counted, to the last. */
export async function outcome({ admin }: Stage, table: Table): Promise<{ rows: number; rate: number }> {
  const { rows } = await admin.query<{ rows: number; rate: number }>(
    `with batch as (
       select pg_xact_commit_timestamp(xmin) as at, count(*) as rows from ${nameOf(table)} group by xmin::text, 1
     )
     select sum(rows)::int as rows,
       ((sum(rows) - (select rows from batch order by at limit 1)) / extract(epoch from max(at) - min(at)))::float8 as rate
     from batch`,
  );
  return rows[0] as { rows: number; rate: number };
}
