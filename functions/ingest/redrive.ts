// Sends a dead letter through ingest again: the same validation, the same identity, so that it can never be a second row.
import type { Client } from 'pg';
import { formerTopicOf } from '../../domain/former-topics.ts';
import { parseStampedId } from '../../domain/message-identity.ts';
import { Delivery } from '../source/delivery.ts';
import type { Stamp } from '../source/stamp.ts';
import { addRows, addToLedger, admit, closeAccount, noOutcomes, spend, totalOf } from './accounting.ts';
import { Batch } from './batch.ts';
import type { KeptProperties } from './dead-letters.ts';
import { noteDevices } from './device-status.ts';
import { createRegistry } from './registry.ts';
import { noteReports } from './reports.ts';
import type { Row } from './row.ts';
import { encodePrefix, writeCarefully } from './write.ts';

/** What came of a redrive. */
export type Redriven =
  | { outcome: 'stored' | 'duplicate' }
  /** Still refused, all of it or, when some of its readings were stored, the others; it stays, and may be redriven again. */
  | { outcome: 'refused'; reason: string; detail: string; stored: number }
  /** There is none of this id that has not been redriven. */
  | { outcome: 'gone' };

/** Locks a letter and returns it: for an operator, who may read the table. */
const TAKE = `
  select tenant_id, topic, payload, content_type, properties, received_at, clock_timestamp() as now
  from public.dead_letters
  where id = $1 and redriven_at is null for update skip locked`;
/** For ingest, which may not: only letters that somebody asked to redrive. */
const TAKE_REQUESTED = 'select *, clock_timestamp() as now from ingest.take_dead_letter($1)';

/** How near in time a reading with an id and no timestamp must be to be the same: as long as ingest remembers one. */
const NEAR = '3 days';
// Ingest's memory of such readings may be gone by now; the table's is not.
const FIND_UNTIMED = 'select * from ingest.stored_untimed($1, $2, $3, $4, $5) as message_id';
/** The same for one without an id or a stamp, of which only its content is known. */
const NEAR_CONTENT = '10 minutes';
const FIND_CONTENTS = 'select * from ingest.stored_contents($1, $2, $3, $4, $5) as content';

// A letter of nobody may be anyone's who has had its topic. Asked only of the one that has it now.
const FIND_OTHERS = 'select from ingest.former_topics where topic = $1 and tenant_since > $2';
const ANOTHERS = "the topic is another tenant's now";
const OVER_QUOTA = "not redriven: the tenant's rate or daily quota has no room for it now; ask again when it has";

const CLOSE = 'select ingest.close_dead_letter($1, $2)';
const REFUSE = 'select ingest.refuse_redrive($1, $2, $3, $4)';

/** Under no session: a redrive does not come from the broker, and is never found by its packet. */
const NO_SESSION = '';

/**
 * Redrives one dead letter in a transaction of its own. It counts as received once more, unless nothing of it was stored, and towards
 * the tenant's rate and quota: where these have no room for all of it, nothing is stored. A refusal becomes the letter's reason.
 * @param client of a role that may read dead letters, and what ingest may.
 * @throws database errors; then nothing has changed.
 */
export async function redrive(client: Client, id: string): Promise<Redriven> {
  await client.query('begin');
  try {
    const result = await redriveOne(client, id, TAKE);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

/**
 * Redrives one dead letter that somebody asked for. A refusal ends the request, too.
 * @param client of ingest's role, in a transaction that the caller ends. @throws database errors.
 */
export function redriveRequested(client: Client, id: string): Promise<Redriven> {
  return redriveOne(client, id, TAKE_REQUESTED);
}

async function redriveOne(client: Client, id: string, take: string): Promise<Redriven> {
  const { rows } = await client.query<Letter>(take, [id]);
  const [letter] = rows;
  if (letter === undefined) return { outcome: 'gone' };
  const batch = await readAgain(client, letter);
  if (await isAnothers(client, letter, batch)) return refuse(client, id, 'bad-topic', ANOTHERS, 1, 0);
  const stored = await findStored(client, batch.rows);
  const outcomes = noOutcomes();
  addRows(outcomes, 'duplicate', stored);
  const fresh = batch.rows.filter((row) => !stored.includes(row));
  const admission = await admit(client, fresh);
  if (admission.bounded.length > 0) return refuse(client, id, null, OVER_QUOTA, null, 0);
  await writeCarefully(client, fresh, new Map(), NO_SESSION, outcomes);
  await spend(client, admission, outcomes);
  const refused = [...batch.deadLetters, ...outcomes.refused];
  batch.startedAt = letter.now.getTime(); // In the ledger it belongs to the minute in which it is redriven.
  const tallies = closeAccount(batch, outcomes);
  const { stored: made } = totalOf(tallies);
  const [first] = refused;
  // Nothing of it was written: a row that the database refuses is undone to its own savepoint.
  if (first && made === 0) return refuse(client, id, first.reason, first.detail, refused.length, 0);
  await addToLedger(client, batch, tallies, outcomes);
  await noteReports(client, batch.reports);
  await noteDevices(client, batch, fresh, outcomes);
  // It stays for the readings that are still refused. Those that were stored are duplicates the next time.
  if (first) return refuse(client, id, first.reason, first.detail, refused.length, made);
  const outcome = made > 0 || batch.reports.length > 0 ? 'stored' : 'duplicate';
  await client.query(CLOSE, [id, outcome]);
  return { outcome };
}

/** @param reason null: the letter keeps its own. @param readings null: as many as it had. */
async function refuse(
  client: Client,
  id: string,
  reason: string | null,
  detail: string,
  readings: number | null,
  stored: number,
): Promise<Redriven> {
  await client.query(REFUSE, [id, reason, detail, readings]);
  return { outcome: 'refused', reason: reason ?? 'over quota', detail, stored };
}

/** Whether the letter's topic has become another tenant's since it came. */
async function isAnothers(client: Client, letter: Letter, batch: Batch): Promise<boolean> {
  const { tenant_id: tenantId, topic, received_at: receivedAt } = letter;
  const owners = [...batch.received.values()].map((owner) => owner.tenantId).filter((id) => id !== undefined);
  if (tenantId !== null) return owners.some((id) => id !== tenantId);
  const former = formerTopicOf(topic);
  if (former === undefined || owners.length === 0) return false;
  return (await client.query(FIND_OTHERS, [former, receivedAt])).rowCount === 1;
}

interface Letter {
  tenant_id: string | null;
  topic: string;
  payload: Buffer;
  content_type: string | null;
  properties: KeptProperties | null;
  received_at: Date;
  now: Date;
}

/**
 * Validated as if it came now from the broker, at the time it was first received. A time of the device may be of either: who received
 * it first may have had a clock that was days behind.
 */
async function readAgain(client: Client, letter: Letter): Promise<Batch> {
  const { topic, payload, content_type: contentType, properties, received_at: receivedAt, now } = letter;
  const batch = new Batch(createRegistry(client, encodePrefix, Date.now), now.getTime());
  const { id, ts, stamp, note = '' } = properties ?? {};
  const delivery = new Delivery(topic, payload, 0, payload.length, false, 0, false, 0, receivedAt.getTime());
  delivery.properties = { id, ts, contentType: contentType ?? undefined };
  delivery.stamp = stampOf(stamp, note, receivedAt);
  batch.add(delivery);
  await batch.settle();
  return batch;
}

/** The stamp that the message had, with the place of the letter's reading in it. */
function stampOf(kept: string | undefined, note: string, receivedAt: Date): Stamp | undefined {
  const first = kept === undefined ? undefined : parseStampedId(kept);
  if (first === undefined) return undefined;
  return { receivedAt: receivedAt.getTime(), boot: first.boot, counter: first.counter, note, first };
}

/** Rows without a timestamp or a stamp that are in the table already. Those with one are found by its key. */
async function findStored(client: Client, rows: readonly Row[]): Promise<Row[]> {
  const untimed = rows.filter((row) => row.untimed !== undefined);
  const [first] = untimed;
  if (first === undefined) return [];
  const { tenantId, deviceId } = first.route;
  const received = new Date(first.receivedAt);
  const ids = untimed.map(({ messageId }) => messageId);
  const contents = untimed.map((row) => row.untimed!.contentHash);
  const byId = await client.query<{ message_id: string }>(FIND_UNTIMED, [tenantId, deviceId, ids, received, NEAR]);
  const byContent = await client.query<{ content: string }>(FIND_CONTENTS, [
    ...[tenantId, deviceId, contents, received, NEAR_CONTENT],
  ]);
  const storedIds = new Set(byId.rows.map((row) => row.message_id));
  const storedContents = new Set(byContent.rows.map((row) => row.content));
  return untimed.filter(({ messageId, untimed: identity }) =>
    identity?.byContent ? storedContents.has(identity.contentHash) : storedIds.has(messageId),
  );
}
