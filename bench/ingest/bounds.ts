// Two limits that no collector can exceed: the database fed with ready-made rows, and the broker drained by a client that discards
// everything.
import { readFileSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { openConnection } from '../../functions/broker/index.ts';
import type { Route } from '../../functions/ingest/registry.ts';
import { Row } from '../../functions/ingest/row.ts';
import { COPY_TELEMETRY, encodePrefix, encodeRows } from '../../functions/ingest/write.ts';
import { Delivery } from '../../functions/source/delivery.ts';
import { cpuSeconds, familyCpuSeconds } from '../support/processes.ts';
import { DEVICES, readingId, readingText } from '../support/readings.ts';
import { type Stage, TELEMETRY } from '../support/stage.ts';
import { drain } from '../support/subscriber.ts';
import { fill, outcome, PER, POLL_MS, type Result, TIMEOUT_MS } from './measure.ts';

/** Rows of a transaction: as many as ingest has in its own when messages wait. */
const BATCH = 5000;

/** COPY of encoded rows into the platform's table, one connection, one transaction a batch, as ingest's role. */
export async function rawCopy(stage: Stage, messages: number): Promise<Partial<Result>> {
  await stage.clear();
  const batches = encodeAll(stage, messages);
  const client = new pg.Client(stage.ingestUrl);
  await client.connect();
  const used = () => familyCpuSeconds(stage.postgres.child.pid as number);
  let before = 0;
  try {
    for (const [index, bytes] of batches.entries()) {
      if (index === 1) before = used();
      await client.query('begin');
      const stream = client.query(copyFrom(COPY_TELEMETRY));
      stream.end(bytes);
      await finished(stream);
      await client.query('commit');
    }
    const databaseCpu = ((used() - before) / (messages - BATCH)) * PER;
    const { rows, rate } = await outcome(stage, TELEMETRY);
    return { rowsPerSecond: rate, databaseCpu, lost: messages - rows };
  } finally {
    await client.end();
  }
}

function encodeAll(stage: Stage, messages: number): Buffer[] {
  const receivedAt = Date.now();
  const each = messages / DEVICES.length;
  const topics = DEVICES.map(({ topic }) => topic);
  const prefixes = DEVICES.map((_, index) => encodePrefix(...stage.keyOf(TELEMETRY, index)));
  const rows = Array.from({ length: messages }, (_, n) => {
    const [index, number] = [n % DEVICES.length, Math.floor(n / DEVICES.length)];
    const ts = receivedAt - each + number;
    const payload = Buffer.from(readingText(readingId(index, number), ts));
    const delivery = new Delivery(topics[index] as string, payload, 0, payload.length, false, 1, false, 1, receivedAt);
    return new Row(delivery, { prefix: prefixes[index] } as Route, undefined, ts * 1000);
  });
  return Array.from({ length: Math.ceil(messages / BATCH) }, (_, n) =>
    encodeRows(rows.slice(n * BATCH, (n + 1) * BATCH)),
  );
}

/** Ingest's own connection to the broker; each message is acknowledged as soon as it has come. */
export async function brokerDrain(stage: Stage, messages: number): Promise<Partial<Result>> {
  const rig = await stage.startBroker(messages);
  try {
    await fill(rig, messages, Date.now());
    const { pid } = rig.broker();
    let count = 0;
    let [startedAt, lastAt] = [0, performance.now()];
    let before = 0;
    let taken: number[] = [];
    let bytes = 0;
    const acknowledge = () => {
      connection.acknowledge(taken, { messages: taken.length, bytes });
      taken = [];
      bytes = 0;
    };
    const { host, port, username, password, clientId } = rig.ingest;
    const connection = openConnection({
      broker: { host, port, tls: true },
      ca: readFileSync(rig.ingest.caFile, 'utf8'),
      username,
      password,
      clientId,
      receiveMaximum: 10_000,
      number: 1,
      now: Date.now,
      onDelivery: ({ tag, again, size }) => {
        bytes += size;
        if (taken.push(tag) === 1) setImmediate(acknowledge);
        if (again) return;
        count += 1;
        lastAt = performance.now();
        if (count !== BATCH) return;
        startedAt = lastAt;
        before = cpuSeconds(pid);
      },
    });
    while (count < messages && performance.now() < lastAt + TIMEOUT_MS) await sleep(POLL_MS);
    if (count <= BATCH) throw new Error(`the broker delivered only ${count} of ${messages} messages`);
    const [counted, seconds] = [count - BATCH, (lastAt - startedAt) / 1000];
    const brokerCpu = ((cpuSeconds(pid) - before) / counted) * PER;
    await connection.disconnect();
    const waiting = (await drain(rig.ingest)).length;
    return { rowsPerSecond: counted / seconds, brokerCpu, lost: Math.max(0, messages - count - waiting) };
  } finally {
    await rig.remove();
  }
}
