// The cost of a waiting message in the broker's memory and on disk, the cost of a save, and what happens when the queue is
// full. provisioning/broker/queue.ts plans with these numbers.
import { readFileSync, statSync } from 'node:fs';
import { telemetryTopic } from '../domain/topics.ts';
import { MESSAGE_FILE_BYTES, MESSAGE_MEMORY_BYTES } from '../provisioning/broker/queue.ts';
import { startBenchBroker } from './support/broker.ts';
import { connectClient } from './support/mqtt-client.ts';
import { startLoad } from './support/publisher.ts';
import { drain } from './support/subscriber.ts';

const MESSAGES = 100_000;
const PAYLOADS = [64, 256, 1024];
const SHORT = ['acme', 'pump-1'] as const;
/** The longest names there are. */
const LONG = ['a'.repeat(63), 'b'.repeat(63)] as const;
const FULL_AT = 10_000;

/** @param args number of messages. Default: 100,000. */
export async function run([messages = String(MESSAGES)]: string[] = []): Promise<void> {
  console.log('payload  names  memory a message beside it  on disk beside it  save, ms');
  for (const [names, label] of [
    [SHORT, 'short'],
    [LONG, 'long'],
  ] as const) {
    for (const payloadBytes of PAYLOADS) await fill(Number(messages), payloadBytes, names, label);
  }
  console.log(`planned with              ${MESSAGE_MEMORY_BYTES} bytes         ${MESSAGE_FILE_BYTES} bytes`);
  await overfill();
}

async function fill(count: number, payloadBytes: number, names: readonly [string, string], label: string) {
  // The gate keeps a 64th free.
  const config = { maxQueuedMessages: Math.ceil(count * 1.02), maxQueuedBytes: Math.ceil(count * payloadBytes * 1.02) };
  const rig = await startBenchBroker([names], { config });
  await drain(rig.ingest, 50);
  await rig.broker().save();
  const before = { memory: rig.memoryMiB(), file: statSync(rig.database).size };
  const client = await connectClient(rig.device(...names));
  await startLoad(client, { topic: telemetryTopic(...names), payloadBytes, count, window: 500 }).done;
  await client.close();
  const memory = ((rig.memoryMiB() - before.memory) * 1024 ** 2) / count - payloadBytes;
  const started = performance.now();
  await rig.broker().save();
  const saveMs = performance.now() - started;
  const file = (statSync(rig.database).size - before.file) / count - payloadBytes;
  const columns = [String(payloadBytes).padStart(7), label.padStart(5), `${memory.toFixed(0)} bytes`.padStart(26)];
  console.log([...columns, `${file.toFixed(0)} bytes`.padStart(17), saveMs.toFixed(0).padStart(8)].join('  '));
  await rig.remove();
}

/** Publishes a half more than there is room for. */
async function overfill(): Promise<void> {
  const rig = await startBenchBroker([SHORT], { config: { maxQueuedMessages: FULL_AT } });
  await drain(rig.ingest, 50);
  const client = await connectClient(rig.device(...SHORT));
  const load = startLoad(client, { topic: telemetryTopic(...SHORT), payloadBytes: 64, count: FULL_AT * 1.5 });
  await load.done;
  await client.close();
  const delivered = (await drain(rig.ingest)).length;
  const said = readFileSync(rig.broker().logFile, 'utf8').match(/gate: the queue.*/)?.[0];
  console.log(
    `\nroom for ${FULL_AT}, published ${FULL_AT * 1.5}: acknowledged ${load.acknowledged.length}, refused ${load.unqueued}, ` +
      `delivered ${delivered}\nthe broker's log: ${said ?? 'nothing'}`,
  );
  await rig.remove();
}
