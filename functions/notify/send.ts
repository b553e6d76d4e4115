// The sending job: takes what is due from the outbox under leases, delivers it, and notes what became of it. The database decides whose turn it
// is; a process that dies leaves leases that end, and the next one sends again under the same id.
import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '../database/connection.ts';
import { summarizeError } from '../runtime/error-summary.ts';
import type { Logger } from '../runtime/log.ts';
import { readNotifySettings } from '../settings/notify.ts';
import { type Deliverer, makeDeliverer, type Notification } from './deliver.ts';

/** Deliveries at once, and of one tenant. */
const AT_ONCE = 48;
const AT_ONCE_A_TENANT = 6;
/** Of one delivery, in milliseconds, and how little time is not worth beginning one. */
const DELIVERY_MS = 10_000;
const LEAST_MS = 2_000;
/** Longer than a delivery and the note of its end. */
const LEASE_S = 30;
/** While deliveries are under way: others may have become due. */
const LOOK_EVERY_MS = 300;
/** How often a process says which key it has. */
const PUBLISH_EVERY_MS = 600_000;

/** Of this process: made at the first turn. */
let own: Promise<Deliverer | undefined> | undefined;
const publishedAt = new WeakMap<Deliverer, number>();

/**
 * Sends what is due until nothing is, or no time is left. Several may run it at once.
 * @param deliverer undefined: the platform notifies nobody.
 * @throws database errors; what was taken is sent again when its lease has ended.
 */
export async function sendNotifications(
  database: Database,
  log: Logger,
  remainingMs: () => number,
  deliverer?: Deliverer,
): Promise<void> {
  const by = deliverer ?? (await (own ??= makeOwn()));
  if (!by) return;
  if (performance.now() - (publishedAt.get(by) ?? Number.NEGATIVE_INFINITY) > PUBLISH_EVERY_MS) {
    const { keyId, publicKey } = by.key;
    await database.query('select ingest.publish_notification_sender($1, $2, $3)', [keyId, publicKey, by.mailFrom ?? null]);
    publishedAt.set(by, performance.now());
  }
  const underWay = new Set<Promise<void>>();
  try {
    while (true) {
      const free = AT_ONCE - underWay.size;
      const taken = free > 0 && remainingMs() > LEAST_MS ? await claim(database, free) : [];
      for (const item of taken) {
        const delivery = handle(database, log, by, item, Math.min(DELIVERY_MS, remainingMs()));
        underWay.add(delivery);
        delivery.finally(() => underWay.delete(delivery));
      }
      if (underWay.size === 0) return;
      await Promise.race([...underWay, pause(LOOK_EVERY_MS)]);
    }
  } finally {
    await Promise.all(underWay);
  }
}

async function makeOwn(): Promise<Deliverer | undefined> {
  const settings = readNotifySettings();
  return settings && makeDeliverer(settings);
}

async function claim(database: Database, most: number): Promise<Notification[]> {
  const { rows } = await database.query<Notification & Record<string, unknown>>(
    'select * from ingest.claim_notifications($1, $2, $3)',
    [most, AT_ONCE_A_TENANT, LEASE_S],
  );
  return rows;
}

/** Never throws: what cannot be noted is sent again under the same id. */
async function handle(database: Database, log: Logger, by: Deliverer, item: Notification, timeoutMs: number): Promise<void> {
  try {
    if (item.kind === 'email') {
      const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(by.tokenOf(item.channel_id)));
      await database.query('select ingest.note_channel_token($1, $2)', [item.channel_id, Buffer.from(hash)]);
    }
    const problem = await by.deliver(item, timeoutMs);
    if (problem) log.info({ notification: item.id, channel: item.channel_id, ...problem }, 'notification not delivered');
    await database.query('select ingest.finish_notification($1, $2, $3, $4)', [
      item.id,
      item.lease,
      problem?.text ?? null,
      problem?.final ?? false,
    ]);
  } catch (error) {
    log.warn({ notification: item.id, error: summarizeError(error) }, 'what became of a notification could not be noted');
  }
}
