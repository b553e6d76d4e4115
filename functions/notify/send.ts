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
/** Longer than a delivery and the note of its end. As long, a job that died keeps its tenants' places. */
const LEASE_S = 15;
/** While deliveries are under way: others may have become due. */
const LOOK_EVERY_MS = 300;
/** How often a process says which key it has, and removes what has ended. */
const TIDY_EVERY_MS = 600_000;
/** Rows of a step of the removal, and steps a time: the rest goes the next time. */
const STEP = 1_000;
const MOST_STEPS = 10;

/** Of this process: made at the first turn. */
let own: Promise<Deliverer | undefined> | undefined;
const tidiedAt = new WeakMap<Deliverer, number>();

/**
 * Sends what is due until nothing is, or no time is left. Several may run it at once.
 * @throws database errors; what was taken is sent again when its lease has ended.
 */
export async function sendNotifications(database: Database, log: Logger, remainingMs: () => number): Promise<void> {
  own ??= makeOwn();
  const by = await own;
  if (!by) return;
  const tidies = performance.now() - (tidiedAt.get(by) ?? Number.NEGATIVE_INFINITY) > TIDY_EVERY_MS;
  if (tidies) {
    const { keyId, publicKey } = by.key;
    await database.query('select ingest.publish_notification_sender($1, $2, $3)', [
      keyId,
      publicKey,
      by.mailFrom ?? null,
    ]);
  }
  await sendDue(database, log, remainingMs, by);
  if (!tidies) return;
  tidiedAt.set(by, performance.now());
  for (let step = 0; step < MOST_STEPS && remainingMs() > LEAST_MS; step++) {
    const { rows } = await database.query<{ n: number }>('select ingest.prune_notifications($1) as n', [STEP]);
    if ((rows[0]?.n ?? 0) < STEP) return;
  }
}

async function sendDue(database: Database, log: Logger, remainingMs: () => number, by: Deliverer): Promise<void> {
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

/** Closes the connections to the mail server. Never throws. */
export async function endNotifications(): Promise<void> {
  const ending = own;
  own = undefined;
  (await ending?.catch(() => undefined))?.close();
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
async function handle(
  database: Database,
  log: Logger,
  by: Deliverer,
  item: Notification,
  timeoutMs: number,
): Promise<void> {
  try {
    if (item.kind === 'email') {
      const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(by.tokenOf(item.channel_id)));
      await database.query('select ingest.note_channel_token($1, $2)', [item.channel_id, Buffer.from(hash)]);
    }
    const problem = await by.deliver(item, timeoutMs);
    if (problem)
      log.info({ notification: item.id, channel: item.channel_id, ...problem }, 'notification not delivered');
    await database.query('select ingest.finish_notification($1, $2, $3, $4)', [
      item.id,
      item.lease,
      problem?.text ?? null,
      problem?.final ?? false,
    ]);
  } catch (error) {
    log.warn(
      { notification: item.id, error: summarizeError(error) },
      'what became of a notification could not be noted',
    );
  }
}
