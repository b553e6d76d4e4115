// Broker, ingest and database at steady rates from 2,000 devices: processor time of each, rows, and what the database writes.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Lab, MANY_SESSIONS, startLab } from '../../lab/lab.ts';
import { buildFunctions } from '../../provisioning/functions/build.ts';
import { inLanes } from '../support/lanes.ts';
import { type Client, connectClient } from '../support/mqtt-client.ts';
import { familyCpuSeconds, runMs, threadsMs } from '../support/processes.ts';
import { readingText } from '../support/readings.ts';
import type { Measured } from './broker.ts';
import { line, type Point } from './point.ts';

const DEVICES = 2000;
/** Messages a second; the model is fitted to every other one. */
const RATES = [400, 800, 1200, 2000, 3200] as const;
const WARM_UP_SECONDS = 5;
/** Readings that a device has when it is measured, on average: enough for pages of its own in the index. */
const HISTORY = 200;
/** Before the first that is measured. */
const FIRST_RATE = 2000;
const TICK_MS = 5;

/** A steady rate: cores that each part had, and bytes of the database's log for a row. */
interface Seen {
  rate: number;
  broker: number;
  ingest: number;
  database: number;
  logBytes: number;
  /** From a checkpoint until each device has sent something, a second. */
  firstLog: number;
  sent: number;
  payloadBytes: number;
}

type Idle = Pick<Seen, 'ingest' | 'database'>;

/** Earlier today by device time, or yesterday. Of different lengths: pages that are full at the same time would all be split at the same time. */
const HISTORY_OF_ALL = `
  insert into public.telemetry (tenant_id, device_id, ts, message_id, received_at, payload)
  select d.tenant_id, d.id, n.ts, 'm' || extract(epoch from n.ts), n.ts, '{"temperature": 21.5, "humidity": 55}'
  from generate_series(now() - interval '${2 * HISTORY} seconds', now() - interval '1 second', interval '1 second') as n (ts)
  join public.devices as d on n.ts > now() - (abs(hashtext(d.slug)) % ${2 * HISTORY}) * interval '1 second'`;

/** @param seconds that each rate is measured. */
export async function measureFlow(seconds: number): Promise<Measured> {
  await buildFunctions();
  const names = Array.from({ length: DEVICES }, (_, index) => ({ tenant: `t${index % 10}`, device: `d${index}` }));
  const broker = { ...MANY_SESSIONS, config: { maxConnections: DEVICES + 10 } };
  const lab = await startLab({ devices: names, fsync: true, pooler: false, worker: true, broker });
  const clients: Client[] = [];
  try {
    // It would fall into one rate and not into another.
    await lab.admin.query('alter system set autovacuum = off');
    await lab.admin.query('select pg_reload_conf()');
    await inLanes(0, DEVICES, async (number) => {
      const { username, key } = lab.devices[number]!;
      const { port, certificates } = lab.broker;
      const account = { username, password: key, clientId: username };
      clients[number] = await connectClient({ host: '127.0.0.1', port, caFile: certificates.caFile, ...account });
    });
    await lab.admin.query(HISTORY_OF_ALL);
    // What ingest compiles at first is not what a message costs.
    await measureRate(lab, clients, FIRST_RATE, WARM_UP_SECONDS);
    const idle = await measureIdle(lab, seconds);
    const sizeBefore = await size(lab);
    const seen: Seen[] = [];
    for (const rate of RATES) {
      seen.push(await measureRate(lab, clients, rate, seconds));
      const { broker, ingest, database, logBytes } = seen.at(-1)!;
      const percent = [broker, ingest, database].map((cores) => `${(cores * 100).toFixed(1)} %`);
      console.log(
        `  ${rate} a second: broker, ingest, database ${percent.join(', ')} of a core; a row ${logBytes.toFixed(0)} bytes of log`,
      );
    }
    return judge(seen, idle, {
      bytes: ((await size(lab)) - sizeBefore) / seen.reduce((sum, { sent }) => sum + sent, 0),
    });
  } finally {
    for (const client of clients) client?.socket.destroy();
    await lab.stop();
  }
}

/** What periodic jobs take when nothing comes: a worker does some of them every second. */
async function measureIdle(lab: Lab, seconds: number): Promise<Idle> {
  const used = () => [threadsMs(lab.worker.child.pid!) / 1000, familyCpuSeconds(lab.postgres.child.pid!)];
  const before = used();
  await sleep(seconds * 1000);
  const [ingest, database] = used().map((now, part) => (now - before[part]!) / seconds) as [number, number];
  console.log(
    `  nothing comes: ingest, database ${(ingest * 100).toFixed(1)} %, ${(database * 100).toFixed(1)} % of a core`,
  );
  return { ingest, database };
}

async function measureRate(lab: Lab, clients: Client[], rate: number, seconds: number): Promise<Seen> {
  let sent = 0;
  let bytes = 0;
  const started = performance.now();
  const publishUntil = async (end: number) => {
    while (performance.now() - started < end * 1000) {
      const due = Math.floor(((performance.now() - started) / 1000) * rate);
      for (; sent < due; sent++) {
        const number = sent % DEVICES;
        const payload = readingText(`${rate}-${String(sent).padStart(7, '0')}`, Date.now());
        bytes += payload.length;
        const messageId = (Math.floor(sent / DEVICES) % 65_535) + 1;
        const packet = { cmd: 'publish', payload, qos: 1, messageId, dup: false, retain: false } as const;
        clients[number]!.send({ ...packet, topic: lab.devices[number]!.topic });
      }
      await sleep(TICK_MS);
    }
  };
  const used = async () => ({
    broker: runMs(lab.broker.pid) / 1000,
    ingest: threadsMs(lab.worker.child.pid!) / 1000,
    database: familyCpuSeconds(lab.postgres.child.pid!),
    wal: await number(lab, "select pg_current_wal_lsn() - '0/0'::pg_lsn as n"),
    at: performance.now(),
    sent,
  });
  await lab.admin.query('checkpoint');
  const count = () => number(lab, 'select count(*) as n from public.telemetry');
  const countBefore = await count();
  const first = await used();
  await publishUntil(WARM_UP_SECONDS);
  const before = await used();
  await publishUntil(WARM_UP_SECONDS + seconds);
  const after = await used();
  for (let tries = 0; (await count()) < countBefore + sent; tries++) {
    if (tries > 200) throw new Error(`at ${rate} a second ${sent} messages were sent and not all became rows`);
    await sleep(50);
  }
  const cores = (part: 'broker' | 'ingest' | 'database') =>
    ((after[part] - before[part]) * 1000) / (after.at - before.at);
  return {
    rate: ((after.sent - before.sent) * 1000) / (after.at - before.at),
    broker: cores('broker'),
    ingest: cores('ingest'),
    database: cores('database'),
    logBytes: (after.wal - before.wal) / (after.sent - before.sent),
    firstLog: ((before.wal - first.wal) * 1000) / (before.at - first.at),
    sent,
    payloadBytes: bytes / sent,
  };
}

const size = (lab: Lab) =>
  number(
    lab,
    `select sum(pg_total_relation_size(inhrelid)) as n from pg_inherits where inhparent = 'public.telemetry'::regclass`,
  );

const number = async ({ admin }: Lab, sql: string) => Number((await admin.query<{ n: string }>(sql)).rows[0]!.n);

/** @param row bytes of one, of all rates. */
function judge(seen: Seen[], idle: Idle, row: { bytes: number }): Measured {
  const used = seen.filter((_, index) => index % 2 === 0);
  const [low] = used as [Seen];
  const fitOf = (part: 'broker' | 'ingest' | 'database') => line(...used.map((one) => [one.rate, one[part]] as const));
  const [broker, ingest, database] = [fitOf('broker'), fitOf('ingest'), fitOf('database')];
  const points: Point[] = seen
    .filter((one) => !used.includes(one))
    .flatMap(({ rate, ...parts }) => {
      const load = { devices: DEVICES, messagesPerMinute: (rate * 60) / DEVICES, messageBytes: parts.payloadBytes };
      const at = `at ${rate.toFixed(0)} messages a second`;
      return [
        { what: `broker's processor time ${at}`, load, of: (demand) => demand.broker.cores, measured: parts.broker },
        { what: `ingest's processor time ${at}`, load, of: (demand) => demand.ingest.cores, measured: parts.ingest },
        {
          what: `database's processor time ${at}`,
          load,
          of: (demand) => demand.database.cores,
          measured: parts.database,
        },
        {
          what: `bytes of log ${at}, no page for the first time`,
          load,
          of: ({ database }) => database.logPerSecond,
          with: { pageCopyBytes: 0 },
          measured: parts.logBytes * rate,
        },
        {
          what: `bytes of log ${at}, each page for the first time`,
          load,
          of: ({ database }) => database.logPerSecond,
          with: { checkpointSeconds: WARM_UP_SECONDS },
          measured: parts.firstLog,
        },
      ] satisfies Point[];
    });
  points.push({
    what: 'bytes of a row, of all rates',
    load: { devices: DEVICES, messageBytes: low.payloadBytes },
    of: ({ database }) => database.bytesPerRow,
    measured: row.bytes,
  });
  return {
    fitted: {
      brokerWakeCores: broker.at0,
      brokerRampMessages: low.rate,
      brokerSecondsPerMessage: broker.slope,
      ingestIdleCores: idle.ingest,
      ingestBatchCores: ingest.at0 - idle.ingest,
      ingestSecondsPerMessage: ingest.slope,
      databaseIdleCores: idle.database,
      databaseBatchCores: database.at0 - idle.database,
      databaseSecondsPerRow: database.slope,
      // At the lowest rate no device has two messages in a batch, as where each reports once a minute: its status is written for each.
      logBytesPerRow: low.logBytes,
      pageCopyBytes: ((low.firstLog - low.rate * low.logBytes) * WARM_UP_SECONDS) / DEVICES,
    },
    points,
  };
}
