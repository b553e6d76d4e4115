// Values as Postgres sends and receives them in binary (the types' receive functions, src/backend/utils/adt): no text to write here and to
// parse there, which for a thousand devices takes longer than what is done with them.

/** How values of a type are written. */
interface Type<T> {
  /** In pg_type; the same in every database. */
  oid: number;
  size(value: T): number;
  write(out: Buffer, value: T, at: number): void;
}

export const UUID: Type<string> = {
  oid: 2950,
  size: () => 16,
  write: (out, id, at) => out.write(id.replaceAll('-', ''), at, 'hex'),
};
export const REAL: Type<number> = {
  oid: 700,
  size: () => 4,
  write: (out, value, at) => out.writeFloatBE(value, at),
};
/** Microseconds since 1970. */
export const TIMESTAMPTZ: Type<number> = { oid: 1184, size: () => 8, write: writeTime };
/** A text in UTF-8. */
export const JSONB: Type<Buffer> = {
  oid: 3802,
  size: (text) => 1 + text.length,
  write: (out, text, at) => {
    out[at] = JSONB_VERSION;
    text.copy(out, at + 1);
  },
};
const RANGE_BYTES = 1 + 2 * (4 + 8);
/** Spans of time in microseconds since 1970, each without its end. */
export const TSTZMULTIRANGE: Type<[from: number, until: number][]> = {
  oid: 4534,
  size: (spans) => 4 + spans.length * (4 + RANGE_BYTES),
  write: (out, spans, at) => {
    let next = out.writeInt32BE(spans.length, at);
    for (const span of spans) {
      next = out.writeInt32BE(RANGE_BYTES, next);
      next = out.writeUInt8(LOWER_INCLUSIVE, next);
      for (const time of span) {
        writeTime(out, time, out.writeInt32BE(8, next));
        next += 4 + 8;
      }
    }
  },
};

/** jsonb's binary form is this version number and the text. */
export const JSONB_VERSION = 1;
/** RANGE_LB_INC. */
const LOWER_INCLUSIVE = 2;
/** Postgres counts microseconds from 2000-01-01T00:00:00Z. */
const EPOCH_MICROS = Date.UTC(2000, 0, 1) * 1000;
const TWO_TO_32 = 4_294_967_296;

/** Eight bytes. @param micros since 1970. */
export function writeTime(out: Buffer, micros: number, at: number): number {
  const value = micros - EPOCH_MICROS;
  const high = Math.floor(value / TWO_TO_32);
  out.writeInt32BE(high, at);
  return out.writeUInt32BE(value - high * TWO_TO_32, at + 4);
}

/** Number of dimensions, whether there are nulls, the elements' type, how many there are, and the first one's index. */
const HEADER_BYTES = 20;

/** An array of one dimension, for a parameter of pg: it sends a buffer as it is. */
export function arrayOf<T>({ oid, size, write }: Type<T>, values: readonly (T | null)[]): Buffer {
  const sizes = values.map((value) => (value === null ? 0 : size(value)));
  const out = Buffer.allocUnsafe(sizes.reduce((sum, bytes) => sum + 4 + bytes, HEADER_BYTES));
  for (const [index, word] of [1, 1, oid, values.length, 1].entries()) out.writeInt32BE(word, 4 * index);
  let at = HEADER_BYTES;
  for (const [index, value] of values.entries()) {
    const bytes = sizes[index] as number;
    at = out.writeInt32BE(value === null ? -1 : bytes, at);
    if (value !== null) write(out, value, at);
    at += bytes;
  }
  return out;
}
