// The broker's memory by connections and by waiting messages, and its processor time for a connection.
import { setTimeout as sleep } from 'node:timers/promises';
import { telemetryTopic } from '../../domain/topics.ts';
import type { Coefficients } from '../../ops/scale/coefficients.ts';
import { startBenchBroker } from '../support/broker.ts';
import { inLanes } from '../support/lanes.ts';
import { type Client, connectClient } from '../support/mqtt-client.ts';
import { runMs } from '../support/processes.ts';
import { startLoad } from '../support/publisher.ts';
import { subscribeAll } from '../support/subscriber.ts';
import type { Point } from './point.ts';
import { line } from './point.ts';

const MIB = 1024 ** 2;
/** Connected at each point; the model is fitted to the first and third. */
const STEPS = [1000, 2500, 5000, 10_000] as const;
/** Messages that each sends before its memory counts: buffers come with the first ones. */
const EACH = 3;
/** Messages that wait, and their bytes; the model is fitted to the first. */
const QUEUES = [
  { messages: 40_000, bytes: 136 },
  { messages: 120_000, bytes: 136 },
  { messages: 40_000, bytes: 1024 },
] as const;

/** What is fitted, and the points that were not used for it. */
export interface Measured {
  fitted: Partial<Coefficients>;
  points: Point[];
}

export async function measureConnections(): Promise<Measured> {
  const most = STEPS.at(-1)!;
  const names = Array.from({ length: most }, (_, index) => ['acme', `d${index}`] as const);
  const rig = await startBenchBroker(names, { config: { maxConnections: most + 1 } });
  const clients: Client[] = [];
  let connected = 0;
  try {
    let received = 0;
    const ingest = await subscribeAll(rig.ingest, () => {
      received += 1;
    });
    const seen: { count: number; mib: number; connectSeconds: number }[] = [];
    for (const count of STEPS) {
      const before = { count: connected, ms: runMs(rig.broker().pid), received };
      await inLanes(before.count, count, async (number) => {
        clients[number] = await connectClient(rig.device(...names[number]!));
      });
      const connectSeconds = (runMs(rig.broker().pid) - before.ms) / 1000 / (count - before.count);
      await inLanes(before.count, count, async (number) => {
        const [tenant, device] = names[number]!;
        await startLoad(clients[number]!, { topic: telemetryTopic(tenant, device), payloadBytes: 136, count: EACH })
          .done;
      });
      while (received < before.received + (count - before.count) * EACH) await sleep(50);
      connected = count;
      seen.push({ count, mib: rig.memoryMiB(), connectSeconds });
      console.log(
        `  ${count} connected: ${rig.memoryMiB().toFixed(1)} MiB, ${(connectSeconds * 1000).toFixed(2)} ms a connection`,
      );
    }
    await ingest.close();
    const [first, , third] = seen;
    const memory = line([first!.count, first!.mib * MIB], [third!.count, third!.mib * MIB]);
    return {
      fitted: { brokerMib: memory.at0 / MIB, connectionBytes: memory.slope, connectSeconds: third!.connectSeconds },
      points: [seen[1]!, seen[3]!].map(({ count, mib }) => ({
        what: `broker's memory, ${count} connected`,
        load: { devices: count, messagesPerMinute: 0 },
        of: ({ broker }) => broker.memoryBytes,
        measured: mib * MIB,
      })),
    };
  } finally {
    for (const client of clients) client?.socket.destroy();
    await rig.remove();
  }
}

export async function measureQueue(): Promise<Measured> {
  const grown: number[] = [];
  let aloneMib = 0;
  for (const { messages, bytes } of QUEUES) {
    const names = Array.from({ length: 10 }, (_, index) => ['acme', `d${index}`] as const);
    const rig = await startBenchBroker(names, { config: { maxQueuedMessages: 2 * messages, maxQueuedBytes: 2 ** 30 } });
    try {
      await (await subscribeAll(rig.ingest, () => {})).close();
      aloneMib = rig.memoryMiB();
      await Promise.all(
        names.map(async ([tenant, device]) => {
          const client = await connectClient(rig.device(tenant, device));
          const topic = telemetryTopic(tenant, device);
          await startLoad(client, { topic, payloadBytes: bytes, count: messages / names.length, window: 200 }).done;
          await client.close();
        }),
      );
      grown.push((rig.memoryMiB() - aloneMib) * MIB);
      console.log(`  ${messages} messages of ${bytes} bytes wait: ${(grown.at(-1)! / messages).toFixed(0)} bytes each`);
    } finally {
      await rig.remove();
    }
  }
  const fitted = { queuedMessageBytes: grown[0]! / QUEUES[0].messages - QUEUES[0].bytes };
  return {
    fitted,
    points: QUEUES.slice(1).map(({ messages, bytes }, index) => ({
      what: `broker's memory, ${messages} messages of ${bytes} bytes wait`,
      load: { devices: 1, messagesPerMinute: messages / 60, messageBytes: bytes, outageHours: 1 },
      of: ({ broker }) => broker.queueBytes,
      measured: grown[index + 1]!,
    })),
  };
}
