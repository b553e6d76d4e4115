// The account of readings: what came, what became of it and what a tenant may still store, by tenant; kept in the ledger, and
// summed up in one line of the log.
import type { Client } from 'pg';
import { formatTimestamp } from '../../domain/timestamps.ts';
import type { Batch, DeadLetter } from './batch.ts';
import type { Row } from './row.ts';

/** What becomes of a reading. `overQuota`: it exceeds its tenant's rate or daily quota, and is counted but not stored. */
const OUTCOMES = ['stored', 'duplicate', 'rejected', 'overQuota'] as const;
export type Outcome = (typeof OUTCOMES)[number];
const MEMBERS = ['received', ...OUTCOMES] as const;

/** Numbers of readings. In the end `received` is the sum of the outcomes. */
export type Tally = Record<(typeof MEMBERS)[number], number>;

/** Tallies by tenant slug. Messages of no known tenant are under NO_TENANT, which is not a slug. */
export type Tallies = Map<string, Tally>;

const NO_TENANT = '(none)';
/** Stands for no known tenant in the ledger. */
const NIL_UUID = '00000000-0000-0000-0000-000000000000';

const none = () => Object.fromEntries(MEMBERS.map((member) => [member, 0])) as Tally;

/** What has become of a batch's rows so far. */
export interface Outcomes {
  tallies: Tallies;
  /** Of the payloads of stored readings, by tenant slug. */
  bytes: Map<string, number>;
  /** Rows that the database refused. */
  refused: DeadLetter[];
}

/** Nothing has happened yet. */
export const noOutcomes = (): Outcomes => ({ tallies: new Map(), bytes: new Map(), refused: [] });

/** The tenant's tally, made when it is the first. */
function tallyOf(tallies: Tallies, tenant: string | undefined): Tally {
  const name = tenant ?? NO_TENANT;
  let tally = tallies.get(name);
  if (!tally) {
    tally = none();
    tallies.set(name, tally);
  }
  return tally;
}

/** Counts readings of a tenant. */
export function addTo({ tallies }: Outcomes, outcome: Outcome, tenant: string | undefined, readings: number): void {
  tallyOf(tallies, tenant)[outcome] += readings;
}

/** Counts one reading for each row. */
export function addRows(outcomes: Outcomes, outcome: Outcome, rows: Iterable<Row>): void {
  const counted = new Map<string, { readings: number; bytes: number }>();
  for (const { route, size } of rows) {
    const own = counted.get(route.tenant);
    if (own) {
      own.readings += 1;
      own.bytes += size;
    } else counted.set(route.tenant, { readings: 1, bytes: size });
  }
  for (const [tenant, { readings, bytes }] of counted) {
    addTo(outcomes, outcome, tenant, readings);
    if (outcome === 'stored') addBytes(outcomes, tenant, bytes);
  }
}

/** Counts bytes of a tenant's stored payloads. */
export function addBytes({ bytes }: Outcomes, tenant: string, stored: number): void {
  bytes.set(tenant, (bytes.get(tenant) ?? 0) + stored);
}

/** Closes a batch's account: what was received as it was counted when it came, the rest as it turned out. */
export function closeAccount(batch: Batch, outcomes: Outcomes): Tallies {
  const { tallies, refused } = outcomes;
  for (const [tenant, { readings }] of batch.received) tallyOf(tallies, tenant).received += readings;
  addRows(outcomes, 'duplicate', batch.repeats);
  for (const { tenant } of [...batch.deadLetters, ...refused]) addTo(outcomes, 'rejected', tenant, 1);
  return tallies;
}

/** All tenants together. */
export function totalOf(tallies: Tallies): Tally {
  const total = none();
  for (const tally of tallies.values()) add(total, tally);
  return total;
}

function add(into: Tally, from: Tally): void {
  for (const member of MEMBERS) into[member] += from[member];
}

/** Adds a batch to the ledger, in the minute in which its first message came. @throws database errors. */
export async function addToLedger(
  client: Client,
  { received, startedAt }: Batch,
  tallies: Tallies,
  { bytes }: Outcomes,
): Promise<void> {
  const tenants = [...received];
  await client.query(
    `select ingest.add_to_ledger(
       $1::timestamptz, $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[])`,
    [
      formatTimestamp(startedAt * 1000),
      tenants.map(([, { tenantId }]) => tenantId ?? NIL_UUID),
      ...MEMBERS.map((member) => tenants.map(([tenant]) => tallyOf(tallies, tenant)[member])),
      tenants.map(([tenant]) => (tenant && bytes.get(tenant)) || 0),
    ],
  );
}

/** What of a batch may be stored. */
export interface Admission {
  /** Rows that fit, all of them. */
  unbounded: readonly Row[];
  /** Rows of tenants that have more in the batch than they have left. */
  bounded: readonly Row[];
  /**
   * Most readings a metered tenant may still store, by slug, with its bytes: those of its first rows. Where these are duplicates, larger
   * ones may take their place, so a day's bytes can be exceeded once, within one batch.
   */
  left: ReadonlyMap<string, number>;
  /** Ids of the metered tenants, by slug. */
  ids: ReadonlyMap<string, string>;
}

/**
 * Asks what each metered tenant of the batch has left of its rate and daily quota, and keeps it locked until the
 * transaction ends. Costs nothing for tenants without either. @throws database errors.
 */
export async function admit(client: Client, rows: readonly Row[]): Promise<Admission> {
  const ids = new Map<string, string>();
  for (const { route } of rows) if (route.metered) ids.set(route.tenant, route.tenantId);
  if (ids.size === 0) return { unbounded: rows, bounded: [], left: new Map(), ids };
  const { rows: found } = await client.query<{ tenant_id: string; readings: string | null; bytes: string | null }>(
    'select tenant_id, readings, bytes from ingest.quota_left($1::uuid[])',
    [[...ids.values()]],
  );
  const byId = new Map(found.map((row) => [row.tenant_id, row]));
  const left = new Map<string, number>();
  for (const [tenant, sizes] of sizesOf(rows)) {
    const quota = byId.get(ids.get(tenant) as string);
    // A limit that has been lifted since the registry was asked.
    if (quota === undefined) continue;
    const readings = quota.readings === null ? sizes.length : Number(quota.readings);
    left.set(tenant, quota.bytes === null ? readings : Math.min(readings, fitting(sizes, Number(quota.bytes))));
  }
  const numbers = new Map<string, number>();
  for (const { route } of rows) numbers.set(route.tenant, (numbers.get(route.tenant) ?? 0) + 1);
  const fits = ({ route: { tenant } }: Row) =>
    (numbers.get(tenant) as number) <= (left.get(tenant) ?? Number.POSITIVE_INFINITY);
  return { unbounded: rows.filter(fits), bounded: rows.filter((row) => !fits(row)), left, ids };
}

/** Bytes of the payloads of each metered tenant, in the order of its rows. */
function sizesOf(rows: readonly Row[]): Map<string, number[]> {
  const sizes = new Map<string, number[]>();
  for (const { route, size } of rows) {
    if (!route.metered) continue;
    const own = sizes.get(route.tenant);
    if (own) own.push(size);
    else sizes.set(route.tenant, [size]);
  }
  return sizes;
}

/** How many of these sizes fit, from the first on. */
function fitting(sizes: readonly number[], bytes: number): number {
  let room = bytes;
  const beyond = sizes.findIndex((size) => {
    room -= size;
    return room < 0;
  });
  return beyond === -1 ? sizes.length : beyond;
}

/** Takes what was stored off what is left. @throws database errors. */
export async function spend(client: Client, admission: Admission, { tallies }: Outcomes): Promise<void> {
  const sizes = sizesOf([...admission.unbounded, ...admission.bounded]);
  const spent = [...admission.ids].map(([tenant, id]) => {
    const stored = tallies.get(tenant)?.stored ?? 0;
    // Which ones were duplicates is not known: the largest are taken to be those that were stored.
    const largest = (sizes.get(tenant) ?? []).sort((a, b) => b - a).slice(0, stored);
    const bytes = largest.reduce((sum, size) => sum + size, 0);
    return { id, stored, bytes };
  });
  const some = spent.filter(({ stored }) => stored > 0);
  if (some.length === 0) return;
  await client.query('select ingest.spend_quota($1::uuid[], $2::bigint[], $3::bigint[])', [
    some.map(({ id }) => id),
    some.map(({ stored }) => stored),
    some.map(({ bytes }) => bytes),
  ]);
}

/** What a committed batch did. */
export interface Written {
  tallies: Tallies;
  /** True when COPY met a duplicate or a bad row and the batch was written a second way. */
  careful: boolean;
  /** Messages without a stamp of the broker's gate. */
  unstamped: number;
  /** Messages whose stamp has a wrong MAC: somebody tries, or the keys of gate and ingest differ. */
  forged: number;
}

/** What was done since the last line of the log: the members that operators query and alert on. */
export interface Summary extends Tally {
  batches: number;
  /** Batches that were written a second way, because of a duplicate or a bad row. */
  carefulBatches: number;
  /** Messages without a stamp of the broker's gate, and with one whose MAC is wrong. */
  unstamped: number;
  forged: number;
  /** Longest time from a batch's first write attempt to its acknowledgement, in milliseconds. */
  slowestBatchMs: number;
  /** The busiest tenants by name, at most 20: a log line has a size limit. */
  tenants: Record<string, Tally>;
}

const MOST_TENANTS = 20;

/** Collects committed batches and hands out their sum. */
export function createSummary(): { add(written: Written, durationMs: number): void; take(): Summary } {
  const nothing = () => ({
    tallies: new Map() as Tallies,
    batches: 0,
    carefulBatches: 0,
    unstamped: 0,
    forged: 0,
    slowest: 0,
  });
  let sum = nothing();
  return {
    add: ({ tallies, careful, unstamped, forged }, durationMs) => {
      for (const [tenant, tally] of tallies) add(tallyOf(sum.tallies, tenant), tally);
      sum.batches += 1;
      sum.carefulBatches += careful ? 1 : 0;
      sum.unstamped += unstamped;
      sum.forged += forged;
      sum.slowest = Math.max(sum.slowest, durationMs);
    },
    take: () => {
      const { tallies, batches, carefulBatches, unstamped, forged, slowest } = sum;
      sum = nothing();
      const busiest = [...tallies].sort(([, a], [, b]) => b.received - a.received).slice(0, MOST_TENANTS);
      return {
        ...totalOf(tallies),
        batches,
        carefulBatches,
        unstamped,
        forged,
        slowestBatchMs: Math.round(slowest),
        tenants: Object.fromEntries(busiest),
      };
    },
  };
}
