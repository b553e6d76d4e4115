// Queries on dead letters: lists, counts, and the content of one.
import type { ClientBase } from 'pg';

/** Which dead letters. All members are optional; without `redriven`, the redriven ones are left out. */
export interface LetterFilter {
  tenant?: string;
  reason?: string;
  /** Only those received at this time or later. */
  since?: Date;
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
  octet_length(l.payload) as bytes, l.redriven_at as "redrivenAt", l.redriven_as as "redrivenAs"`;

const FROM = `from public.dead_letters as l left join public.tenants as t on t.id = l.tenant_id
  where ($1::text is null or t.slug = $1) and ($2::text is null or l.reason = $2)
    and ($3::timestamptz is null or l.received_at >= $3) and ($4 or l.redriven_at is null)`;

const valuesOf = ({ tenant, reason, since, redriven }: LetterFilter) => [
  tenant ?? null,
  reason ?? null,
  since ?? null,
  redriven === true,
];

/** The newest dead letters, at most `most` of them, newest first. */
export async function listLetters(client: ClientBase, filter: LetterFilter, most: number): Promise<LetterListing[]> {
  const sql = `select ${LISTED} ${FROM} order by l.received_at desc, l.id desc limit $5`;
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
