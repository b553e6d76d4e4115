// SenML packs in JSON (RFC 8428): records that share base values become one reading a point in time.
import { isRejection, type Rejection, reject } from './messages-reasons.ts';

/** One point in time of a pack. */
export interface SenmlReading {
  /** Values by full name; `units` and `sums` by full name where records give them. */
  value: Record<string, unknown>;
  /** Microseconds since 1970; undefined for a time that is relative to now. */
  ts: number | undefined;
  /** Microseconds to add to the time of receipt, when there is no `ts`. */
  offset: number;
}

/** Content types of packs and streams of packs (RFC 8428, 12.3). */
export const SENML = /^application\/sens?ml\+json(\+gzip)?$/;
/** Packs in CBOR and EXI name their members by numbers. */
export const UNREAD_SENML = /^application\/sens?ml(\+cbor|-exi|\+xml)/;

/** The version this reads; a pack may demand a later one. */
const VERSION = 10;
/** Smaller times are relative to now (RFC 8428, 4.5.3). */
const RELATIVE_BELOW = 2 ** 28;
/** RFC 8428, 4.5.1; LwM2M's paths begin with a slash besides. */
const NAME = /^[A-Za-z0-9/][A-Za-z0-9:./_-]*$/;
const TEXTS = ['bn', 'bu', 'n', 'u', 'vs', 'vd'];
const NUMBERS = ['bt', 'bv', 'bs', 'bver', 't', 'v', 's', 'ut'];
const VALUES = ['v', 'vs', 'vb', 'vd'];
const BASES = ['bn', 'bt', 'bu', 'bv', 'bs'] as const;

interface SenmlRecord {
  bn?: string;
  bt?: number;
  bu?: string;
  bv?: number;
  bs?: number;
  bver?: number;
  n?: string;
  t?: number;
  u?: string;
  v?: number;
  vs?: string;
  vb?: boolean;
  vd?: string;
  s?: number;
}

/**
 * Resolves the records of a pack: base values are added, and values of one time become one reading.
 * @param most largest size of all readings together: each record repeats its base name and unit, which may be long.
 */
export function resolveSenml(records: readonly unknown[], most: number): SenmlReading[] | Rejection {
  const readings: SenmlReading[] = [];
  const latest = new Map<number, SenmlReading>();
  const base: SenmlRecord = {};
  let size = 0;
  for (const [index, given] of records.entries()) {
    const record = checked(given, index + 1);
    if (isRejection(record)) return record;
    for (const label of BASES) if (record[label] !== undefined) Object.assign(base, { [label]: record[label] });
    const value = measuredBy(record, base);
    if (value === undefined && record.s === undefined) continue;
    const name = `${base.bn ?? ''}${record.n ?? ''}`;
    const unit = record.u ?? base.bu;
    const sum = record.s === undefined ? undefined : (base.bs ?? 0) + record.s;
    const copies = 1 + Number(unit !== undefined) + Number(sum !== undefined);
    size += copies * name.length + (unit?.length ?? 0);
    if (size > most) return reject('too-large', `the SenML pack becomes more than the ${most} bytes that are stored`);
    if (!NAME.test(name))
      return bad(index + 1, 'has no name of letters, digits and "-:./_", not even with its base name');
    if ([value, sum].some(isInfinite))
      return reject('number-out-of-range', `record ${index + 1} of the SenML pack is beyond what a double can hold`);
    const time = (base.bt ?? 0) + (record.t ?? 0);
    let reading = latest.get(time);
    if (reading === undefined || Object.hasOwn(reading.value, name)) {
      const isRelative = Math.abs(time) < RELATIVE_BELOW;
      const micros = Math.round(time * 1_000_000);
      reading = { value: {}, ts: isRelative ? undefined : micros, offset: isRelative ? micros : 0 };
      latest.set(time, reading);
      readings.push(reading);
    }
    add(reading.value, name, value);
    addTo(reading.value, 'units', name, unit);
    addTo(reading.value, 'sums', name, sum);
  }
  return readings.length > 0 ? readings : reject('empty', 'the SenML pack holds no values');
}

function checked(given: unknown, number: number): SenmlRecord | Rejection {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return bad(number, 'is not an object');
  const record = given as Record<string, unknown>;
  const wrong =
    TEXTS.find((label) => record[label] !== undefined && typeof record[label] !== 'string') ??
    NUMBERS.find((label) => record[label] !== undefined && typeof record[label] !== 'number') ??
    (record.vb !== undefined && typeof record.vb !== 'boolean' ? 'vb' : undefined);
  if (wrong !== undefined) return bad(number, `has a "${wrong}" of the wrong type`);
  if (Object.keys(record).some((label) => label.endsWith('_'))) {
    return bad(number, 'has a label that must be understood, because it ends in "_", and is not known');
  }
  if (((record.bver as number | undefined) ?? VERSION) > VERSION)
    return bad(number, `needs a version above ${VERSION}`);
  const values = VALUES.filter((label) => record[label] !== undefined).length;
  if (values > 1) return bad(number, 'has more than one value');
  const isBase = record.bver !== undefined || BASES.some((label) => record[label] !== undefined);
  if (values === 0 && record.s === undefined && !isBase) return bad(number, 'has neither a value nor a base value');
  return record as SenmlRecord;
}

function measuredBy({ v, vs, vb, vd }: SenmlRecord, { bv = 0 }: SenmlRecord): unknown {
  return v === undefined ? (vs ?? vb ?? vd) : v + bv;
}

const isInfinite = (value: unknown) => typeof value === 'number' && !Number.isFinite(value);

/** `__proto__` is a name like any other. */
function add(object: Record<string, unknown>, name: string, value: unknown): void {
  if (value !== undefined)
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

function addTo(object: Record<string, unknown>, member: string, name: string, value: unknown): void {
  if (value === undefined) return;
  if (!Object.hasOwn(object, member)) object[member] = {};
  const inner = object[member];
  if (typeof inner === 'object' && inner !== null) add(inner as Record<string, unknown>, name, value);
}

const bad = (number: number, what: string): Rejection =>
  reject('bad-senml', `record ${number} of the SenML pack ${what}`);
