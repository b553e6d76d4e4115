// What the Function App's Event Hubs trigger calls: some events of one partition, which are rows when it returns.

import { openDatabase } from '../database/connection.ts';
import { acquireLease, type Lease } from '../database/lease.ts';
import { createRecordReader } from '../kafka/record.ts';
import { createInvocationLogger, type InvocationLog } from '../runtime/invocation-log.ts';
import type { Logger } from '../runtime/log.ts';
import { keepHeapSmall } from '../runtime/memory.ts';
import { monotonic } from '../runtime/retry.ts';
import { readPeriodicSettings } from '../settings/periodic.ts';
import type { Delivery } from '../source/delivery.ts';
import { createSummary, type Summary } from './accounting.ts';
import { createDrain } from './drain.ts';
import { createRegistry } from './registry.ts';
import { createStore } from './store.ts';
import { encodePrefix } from './write.ts';

/** The used part of an invocation's context. */
export interface EventsContext extends InvocationLog {
  triggerMetadata?:
    | {
        partitionContext?: { partitionId?: string };
        sequenceNumberArray?: number[];
        /** When the hub got each, RFC 3339. */
        enqueuedTimeUtcArray?: string[];
      }
    | undefined;
}

/** A failed write is tried again for this long; then the host calls again. */
const RETRY_MS = 30_000;
/** What the last write may take after that. */
const LEAVE_MS = 15_000;

/**
 * Writes the events. The host moves its checkpoint when it returns; until then it calls again with the same events.
 * @param environment Default: the process's own. @throws Error when not all are in the database.
 */
export async function ingestEvents(
  events: readonly unknown[],
  context: EventsContext,
  hub: string,
  environment?: NodeJS.ProcessEnv,
): Promise<Summary> {
  keepHeapSmall();
  const settings = readPeriodicSettings(environment);
  const log = createInvocationLogger('event_hub_ingest', settings, context);
  const started = performance.now();
  const database = openDatabase(settings.database, () => started + RETRY_MS + LEAVE_MS - performance.now());
  const partition = context.triggerMetadata?.partitionContext?.partitionId ?? 'any';
  const name = `event hub ${hub} ${partition}`;
  let lease: Lease | undefined;
  try {
    lease = await acquireLease(database, name);
    if (!lease) throw new Error(`another invocation writes events of partition ${partition}; the host calls again`);
    const summary = await write(readEvents(events, context, hub, lease.now()), { database, lease, name, log });
    log.info(summary, 'event_hub_ingest');
    return summary;
  } finally {
    await lease?.release();
    await database.close();
  }
}

function readEvents(
  events: readonly unknown[],
  { triggerMetadata }: EventsContext,
  hub: string,
  receivedAt: number,
): Delivery[] {
  const read = createRecordReader(hub, 'event-grid');
  const { partitionContext, sequenceNumberArray = [], enqueuedTimeUtcArray = [] } = triggerMetadata ?? {};
  return events.map((event, index) => {
    // The host has parsed what is JSON.
    const text = typeof event === 'string' ? event : (JSON.stringify(event) ?? '');
    const record = {
      value: Buffer.from(text),
      headers: new Map(),
      partition: Number(partitionContext?.partitionId ?? 0),
      offset: BigInt(sequenceNumberArray[index] ?? index),
      timestamp: BigInt(Date.parse(enqueuedTimeUtcArray[index] ?? '') || receivedAt),
    };
    return read(record, receivedAt);
  });
}

/** What the writes need. */
interface Writing {
  database: ReturnType<typeof openDatabase>;
  lease: Lease;
  name: string;
  log: Logger;
}

async function write(deliveries: readonly Delivery[], { database, lease, name, log }: Writing): Promise<Summary> {
  const summary = createSummary();
  const besides = database.another();
  let done = 0;
  const count = (some: readonly Delivery[]) => {
    done += some.length;
  };
  const until = monotonic() + RETRY_MS;
  const drain = createDrain({
    registry: createRegistry(database, encodePrefix, monotonic, log),
    store: createStore(database, lease, name),
    suspectStore: createStore(besides, lease, name),
    // They are all here: there is nothing to pause.
    source: { commit: count, leave: count, pause: () => {}, resume: () => {} },
    onWritten: summary.add,
    cap: Number.POSITIVE_INFINITY,
    retryUntil: until,
    signal: lease.lost,
    log,
    now: monotonic,
  });
  try {
    for (const delivery of deliveries) drain.receive(delivery);
    await Promise.race([drain.finish(), drain.failure]);
  } finally {
    await besides.close();
  }
  if (done < deliveries.length)
    throw new Error(`${deliveries.length - done} of ${deliveries.length} events not written`);
  return summary.take();
}
