// Queries on dead letters: lists, counts, and the content of one.
import type { ClientBase } from 'pg';
import { assertSlug } from '../domain/identifiers.ts';

/** Which dead letters. All members are optional; without `redriven`, the redriven ones are left out. */
export interface LetterFilter {
  tenant?: string;
  reason?: string;
  /** Slug of a device. */
  device?: string;
  /** Only those received at this time or later, and before that one. */
  since?: Date;
  before?: Date;
  redriven?: true;
}

/** One line of a list. */
export interface LetterListing {
  id: string;
  receivedAt: Date;
  /** Undefined if the topic names no registered tenant. */
  tenant: string | null;
  topic: string;
  reason: string;
  detail: string | null;
  bytes: number;
  /** How many readings of the message were refused. */
  readings: number;
  redrivenAt: Date | null;
  redrivenAs: string | null;
}

/** A dead letter with all its content. */
export interface Letter extends LetterListing {
  contentType: string | null;
  messageId: string | null;
  properties: Record<string, string> | null;
  payload: Buffer;
}

const LISTED = `l.id::text, l.received_at as "receivedAt", t.slug as tenant, l.topic, l.reason, l.detail,
  octet_length(l.payload) as bytes, l.readings, l.redriven_at as "redrivenAt", l.redriven_as as "redrivenAs"`;

const FROM = `from public.dead_letters as l left join public.tenants as t on t.id = l.tenant_id
  where ($1::text is null or t.slug = $1) and ($2::text is null or l.reason = $2)
    and ($3::timestamptz is null or l.received_at >= $3) and ($4 or l.redriven_at is null)
    and ($5::timestamptz is null or l.received_at < $5)
    and ($6::text is null or split_part(l.topic, '/', 4) = $6
      or l.device_id in (select d.id from public.devices as d where d.slug = $6))`;

const valuesOf = ({ tenant, reason, since, redriven, before, device }: LetterFilter) => [
  tenant ?? null,
  reason ?? null,
  since ?? null,
  redriven === true,
  before ?? null,
  device === undefined ? null : assertSlug(device, 'device'),
];

/** The newest dead letters, at most `most` of them, newest first. */
export async function listLetters(client: ClientBase, filter: LetterFilter, most: number): Promise<LetterListing[]> {
  const sql = `select ${LISTED} ${FROM} order by l.received_at desc, l.id desc limit $7`;
  return (await client.query<LetterListing>(sql, [...valuesOf(filter), most])).rows;
}

/** How many there are, by reason, most frequent first. */
export async function countLetters(client: ClientBase, filter: LetterFilter): Promise<{ reason: string; n: number }[]> {
  const sql = `select l.reason, count(*)::int as n ${FROM} group by 1 order by 2 desc, 1`;
  return (await client.query<{ reason: string; n: number }>(sql, valuesOf(filter))).rows;
}

/** Ids of dead letters to redrive, oldest first, so that they are stored in their original order. */
export async function idsOfLetters(client: ClientBase, filter: LetterFilter): Promise<string[]> {
  const sql = `select l.id::text ${FROM} order by l.id`;
  return (await client.query<{ id: string }>(sql, valuesOf(filter))).rows.map(({ id }) => id);
}

/** Most letters that one statement discards. */
const STEP = 1000;

// Counting what is held locks it before a letter goes, as ingest does: it may be keeping the equal of one.
const discarding = (doomed: string) => `
  with doomed as (${doomed}),
    held as (
      select from ingest.dead_letter_use as u
      where u.tenant_id in (select coalesce(d.tenant_id, '00000000-0000-0000-0000-000000000000') from doomed as d)
      order by u.tenant_id for update),
    gone as (
      delete from public.dead_letters
      where id in (select d.id from doomed as d) and (select count(*) from held) >= 0 returning reason)
  select reason, count(*)::int as n from gone group by 1`;

const isIds = (which: readonly string[] | LetterFilter): which is readonly string[] => Array.isArray(which);

/**
 * Discards letters, and returns how many by reason. They stay counted: a trigger adds them to `public.dead_letter_counts`.
 * @param which ids, or all that match, a statement of its own for every thousand.
 */
export async function discardLetters(
  client: ClientBase,
  which: readonly string[] | LetterFilter,
): Promise<Map<string, number>> {
  const discarded = new Map<string, number>();
  const remove = async (doomed: string, values: unknown[]) => {
    const { rows } = await client.query<{ reason: string; n: number }>(discarding(doomed), values);
    for (const { reason, n } of rows) discarded.set(reason, (discarded.get(reason) ?? 0) + n);
    return rows.length > 0;
  };
  const columns = 'select l.id, l.tenant_id';
  if (isIds(which)) await remove(`${columns} from public.dead_letters as l where l.id = any ($1)`, [which]);
  else while (await remove(`${columns} ${FROM} order by l.id limit ${STEP}`, valuesOf(which)));
  return discarded;
}

/** One dead letter. @throws Error if this id does not exist. */
export async function readLetter(client: ClientBase, id: string): Promise<Letter> {
  const { rows } = await client.query<Letter>(
    `select ${LISTED}, l.content_type as "contentType", l.message_id as "messageId", l.properties, l.payload
     from public.dead_letters as l left join public.tenants as t on t.id = l.tenant_id where l.id = $1`,
    [id],
  );
  const [letter] = rows;
  if (letter === undefined) throw new Error(`there is no dead letter ${id}: see "dead-letters list"`);
  return letter;
}
