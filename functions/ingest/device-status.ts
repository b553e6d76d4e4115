// What ingest notes of each device with every batch: when it was heard, its clock, its newest values, and where its new
// readings are, so that the alert rules judge those and no others.
import type { Client } from 'pg';
import { arrayOf, JSONB, REAL, TIMESTAMPTZ, TSTZMULTIRANGE, UUID } from '../database/binary.ts';
import { cameAt } from '../source/delivery.ts';
import type { Outcomes } from './accounting.ts';
import type { Batch } from './batch.ts';
import type { Row } from './row.ts';

/** A device that sends only what is not stored is noted this often, in milliseconds. */
const NOTE_EVERY_MS = 5_000;
const MOST_REMEMBERED = 10_000;
/** A clock that is off by no more, in seconds, is right. As in ingest.note_devices. */
const RIGHT_WITHIN_SECONDS = 120;
/** Messages within a second are one report. */
const ONE_REPORT_MS = 1000;

/** How many of a device's newest readings are searched for the newest value of each field. */
const MOST_READINGS = 8;
const MOST_FIELDS = 64;
const MAX_FIELD_CHARACTERS = 64;
const MAX_VALUE_CHARACTERS = 256;
const MAX_FIELDS_CHARACTERS = 6_000;
const MAX_PAYLOAD_BYTES = 16_384;

const MINUTE_MICROS = 60_000_000;
/** More spans of stored readings become one. */
const MOST_SPANS = 8;

/** What a batch says of a device. */
interface Heard {
  tenantId: string;
  deviceId: string;
  /** In milliseconds since 1970. */
  receipts: number[];
  /** The device's time less the time of receipt, in seconds: the largest, because a late reading says nothing of the clock. */
  skew: number | null;
  stored: Row[];
}

/** When devices of which nothing was stored were last noted, by device id. */
export type Noted = Map<string, number>;

const NOTE = 'select ingest.note_devices($1, $2, $3, $4, $5, $6, $7, $8)';

/**
 * Notes what came from the devices of a batch. @param tried rows to be stored; which of a tenant's were duplicates or over quota
 * is not known.
 * @returns the devices of which nothing was stored, to be remembered when the transaction is committed. @throws database errors.
 */
export async function noteDevices(
  client: Client,
  batch: Batch,
  tried: readonly Row[],
  outcomes: Outcomes,
  noted: Noted = new Map(),
): Promise<Noted> {
  const isStored = [...outcomes.tallies.values()].every(({ stored }) => stored > 0);
  const hasStored = ({ route }: Row) => (outcomes.tallies.get(route.tenant)?.stored ?? 0) > 0;
  const heard = [...hear(batch, isStored ? tried : tried.filter(hasStored))].filter((each) => isDue(each, noted));
  if (heard.length === 0) return new Map();
  const newest = heard.map(newestLast);
  const refused = new Set(outcomes.refused.map(({ delivery }) => delivery));
  const isKept = ({ delivery, route }: Row) => !refused.has(delivery) && !outcomes.tallies.get(route.tenant)?.overQuota;
  await client.query(NOTE, [
    arrayOf(
      UUID,
      heard.map(({ tenantId }) => tenantId),
    ),
    arrayOf(
      UUID,
      heard.map(({ deviceId }) => deviceId),
    ),
    arrayOf(
      TIMESTAMPTZ,
      heard.map(({ receipts }) => (receipts.at(-1) as number) * 1000),
    ),
    arrayOf(
      REAL,
      heard.map(({ receipts }) => meanGap(receipts)),
    ),
    arrayOf(
      REAL,
      heard.map(({ skew }) => skew),
    ),
    arrayOf(
      TIMESTAMPTZ,
      newest.map((rows) => rows.at(-1)?.ts ?? null),
    ),
    arrayOf(
      JSONB,
      newest.map((rows) => fieldsOf(rows, isKept)),
    ),
    arrayOf(
      TSTZMULTIRANGE,
      heard.map((each) => spansOf(each.stored)),
    ),
  ]);
  const unstored = heard.filter(({ stored }) => stored.length === 0);
  return new Map(unstored.map(({ deviceId, receipts }) => [deviceId, receipts.at(-1) as number]));
}

/** Remembers what a committed transaction has noted. */
export function remember(noted: Noted, more: Noted): void {
  if (noted.size + more.size > MOST_REMEMBERED) noted.clear();
  for (const [deviceId, at] of more) noted.set(deviceId, at);
}

function hear(batch: Batch, stored: readonly Row[]): Iterable<Heard> {
  const devices = new Map<string, Heard>();
  const find = (tenantId: string, deviceId: string): Heard => {
    let heard = devices.get(deviceId);
    if (!heard) {
      heard = { tenantId, deviceId, receipts: [], skew: null, stored: [] };
      devices.set(deviceId, heard);
    }
    return heard;
  };
  const of = (tenantId: string, deviceId: string, receivedAt: number) =>
    find(tenantId, deviceId).receipts.push(receivedAt);
  for (const rows of [batch.rows, batch.repeats]) {
    for (const row of rows) {
      const heard = find(row.route.tenantId, row.route.deviceId);
      const { receivedAt } = row;
      heard.receipts.push(receivedAt);
      if (row.untimed || row.stamped) continue;
      const skew = row.ts / 1_000_000 - receivedAt / 1000;
      if (heard.skew === null || skew > heard.skew) heard.skew = skew;
    }
  }
  for (const { route, delivery } of batch.reports) of(route.tenantId, route.deviceId, cameAt(delivery));
  for (const { tenantId, deviceId, delivery } of batch.deadLetters) {
    if (tenantId !== undefined && deviceId !== undefined) of(tenantId, deviceId, cameAt(delivery));
  }
  for (const row of stored) devices.get(row.route.deviceId)?.stored.push(row);
  for (const each of devices.values()) each.receipts = inOrder(each.receipts, (receipt) => receipt);
  return devices.values();
}

function isDue({ deviceId, receipts, stored }: Heard, noted: Noted): boolean {
  if (stored.length > 0) return true;
  return (receipts.at(-1) as number) - (noted.get(deviceId) ?? 0) >= NOTE_EVERY_MS;
}

/** In seconds, between reports; null when there was one. @param receipts in order. */
function meanGap(receipts: readonly number[]): number | null {
  let gaps = 0;
  let last = receipts[0] as number;
  for (const receipt of receipts) {
    if (receipt - last >= ONE_REPORT_MS) gaps += 1;
    last = receipt;
  }
  return gaps === 0 ? null : (last - (receipts[0] as number)) / gaps / 1000;
}

/** By the device's time, unless its clock is wrong. */
function newestLast({ stored, skew }: Heard): readonly Row[] {
  const isRight = skew === null || Math.abs(skew) <= RIGHT_WITHIN_SECONDS;
  return inOrder(stored, (row) => (isRight ? row.ts : row.receivedAt));
}

/** Most are in order already: to look is cheaper than to sort. */
function inOrder<T>(values: T[], timeOf: (value: T) => number): T[] {
  let last = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    const time = timeOf(value);
    if (time < last) return values.toSorted((one, other) => timeOf(one) - timeOf(other));
    last = time;
  }
  return values;
}

/** The newest value of each field with its time and receipt, as JSON. Text that jsonb refuses is left out. */
function fieldsOf(newestLast: readonly Row[], isKept: (row: Row) => boolean): Buffer | null {
  const fields = new Map<string, string>();
  let characters = 0;
  let left = MOST_READINGS;
  for (let index = newestLast.length - 1; index >= 0 && left > 0; index--) {
    const row = newestLast[index] as Row;
    if (!isKept(row)) continue;
    left -= 1;
    const { payload, ts, receivedAt } = row;
    if (payload.length > MAX_PAYLOAD_BYTES) continue;
    for (const [field, value] of Object.entries(JSON.parse(payload.toString('utf8')) as object)) {
      if (fields.has(field) || field.length > MAX_FIELD_CHARACTERS) continue;
      const entry = `${JSON.stringify(field)}:[${JSON.stringify(value)},${Math.floor(ts / 1000)},${receivedAt}]`;
      if (entry.length - field.length > MAX_VALUE_CHARACTERS || NOT_IN_JSONB.test(entry)) continue;
      characters += entry.length;
      if (fields.size >= MOST_FIELDS || characters > MAX_FIELDS_CHARACTERS) break;
      fields.set(field, entry);
    }
  }
  return fields.size === 0 ? null : Buffer.from(`{${[...fields.values()].join(',')}}`);
}

/** NUL, and half of a surrogate pair: JSON.stringify escapes both. */
const NOT_IN_JSONB = /\\u0000|\\ud[89a-f]/;

/** The minutes that the readings are in, in microseconds since 1970; null when there are none. */
function spansOf(stored: readonly Row[]): [from: number, until: number][] | null {
  if (stored.length === 0) return null;
  const all = new Set<number>();
  let last: number | undefined;
  for (const { ts } of stored) {
    const minute = Math.floor(ts / MINUTE_MICROS);
    if (minute !== last) all.add(minute);
    last = minute;
  }
  const minutes = [...all].sort((a, b) => a - b);
  const spans: [from: number, until: number][] = [];
  for (const minute of minutes) {
    const before = spans.at(-1);
    if (before?.[1] === minute) before[1] = minute + 1;
    else spans.push([minute, minute + 1]);
  }
  const most: typeof spans =
    spans.length > MOST_SPANS ? [[minutes[0] as number, (minutes.at(-1) as number) + 1]] : spans;
  return most.map(([from, until]) => [from * MINUTE_MICROS, until * MINUTE_MICROS]);
}
