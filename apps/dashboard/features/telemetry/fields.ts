// The fields of a reading: by name, or by path (`a.b`, `list.0`) down to three names. A number as text is a number; true is 1 and false
// is 0. access.numbers_of of the database says the same.

/** Names in a path. */
const DEPTH = 3;
/** A longer list is shown whole. */
const MOST_ITEMS = 16;
const NUMBER = /^[+-]?\d{1,20}(\.\d{1,20})?([eE][+-]?[0-7]?\d)?$/;

export interface FieldValue {
  field: string;
  value: unknown;
}

/** A value as a number for a chart, or undefined. 1e100 and more is none: no mean can be calculated of it. */
export function numberIn(value: unknown): number | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'string' && NUMBER.test(value)) return Number(value);
  return typeof value === 'number' && Math.abs(value) < 1e100 ? value : undefined;
}

/** The number of a field of a reading. */
export function numberAt(payload: unknown, field: string): number | undefined {
  if (!isObject(payload)) return undefined;
  if (Object.hasOwn(payload, field)) return numberIn(payload[field]);
  const path = field.split('.');
  if (path.length > DEPTH) return undefined;
  let value: unknown = payload;
  for (const name of path) value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  return numberIn(value);
}

/** False for fields that tell a reading's time or id and not a measurement. */
const isMeasured = (field: string): boolean => field !== 'id' && field !== 'ts';

/** All measured fields of a reading in its own order, each once; those within others by their paths. */
export function fieldsOf(payload: unknown): FieldValue[] {
  if (!isObject(payload) || Array.isArray(payload)) return [];
  return Object.entries(payload).flatMap(([name, value]) => (isMeasured(name) ? within(payload, name, value, 1) : []));
}

function within(payload: Record<string, unknown>, field: string, value: unknown, depth: number): FieldValue[] {
  const isOne = !isObject(value) || depth === DEPTH || (depth === 1 && field.includes('.'));
  const members = isOne || (Array.isArray(value) && value.length > MOST_ITEMS) ? [] : Object.entries(value);
  if (members.length === 0) return [{ field, value }];
  return members.flatMap(([name, member]) => {
    const path = `${field}.${name}`;
    return name.includes('.') || Object.hasOwn(payload, path) ? [] : within(payload, path, member, depth + 1);
  });
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** The newest of a field, and when it came, in milliseconds since 1970. */
export interface NewestValue extends FieldValue {
  at: number;
}

/** Fields that a device may have on its page. */
const MOST_FIELDS = 4_000;

/**
 * The newest value of each field, by name. @param noted what the database has noted of the newest messages, by top-level field.
 * @param readings the newest, newest first: they have what the note has no room for.
 */
export function newestOf(
  noted: Record<string, [value: unknown, ts: number, received: number]>,
  readings: readonly { received_at: string; payload: unknown }[],
): NewestValue[] {
  const newest = new Map<string, NewestValue>();
  const add = (values: FieldValue[], at: number) => {
    for (const { field, value } of values) {
      const known = newest.get(field);
      if (known ? known.at < at : newest.size < MOST_FIELDS) newest.set(field, { field, value, at });
    }
  };
  for (const [field, [value, , at]] of Object.entries(noted)) add(fieldsOf({ [field]: value }), at);
  for (const { payload, received_at } of readings) {
    if (newest.size < MOST_FIELDS) add(fieldsOf(payload), Date.parse(received_at));
  }
  return [...newest.values()].sort((one, other) => (sortKey(one.field) < sortKey(other.field) ? -1 : 1));
}

/** `f2` comes before `f10`. */
const sortKey = (field: string) => field.replace(/\d+/g, (digits) => digits.padStart(12, '0'));
