// Checks what nearly all devices publish, a JSON object in ASCII without escapes, byte by byte. Ingest needs only its time, and JSON.parse would
// make a string and values of everything: JSON took 28 % of ingest's CPU time in a release without this, and takes 4 % with it
// (docs/benchmarks.md). What is not this simple, or not valid, is left to JSON.parse, which says what is wrong. messages-plain.test.ts compares
// the two.

/** States between two tokens. */
const VALUE = 0;
const VALUE_OR_END = 1;
const KEY = 2;
const KEY_OR_END = 3;
const COLON = 4;
const SEPARATOR = 5;

/** `objects` has a bit for each level that is open: 1 for an object, 0 for an array. */
const DEEPEST = 30;
/** A double holds each number of up to 15 digits and each power of ten up to 10^15 exactly, so that one division rounds as JSON.parse does. */
const EXACT_DIGITS = 15;
const POWERS = Array.from({ length: EXACT_DIGITS + 1 }, (_, exponent) => 10 ** exponent);
/** Digits. Longer numbers may be beyond what a double or jsonb holds. */
const LONGEST_NUMBER = 100;

const [QUOTE, COMMA, MINUS, POINT, ZERO, NINE] = [0x22, 0x2c, 0x2d, 0x2e, 0x30, 0x39];
const [COLON_BYTE, BACKSLASH, SPACE, TILDE] = [0x3a, 0x5c, 0x20, 0x7e];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const [LETTER_T, LETTER_S, LETTER_M, LETTER_D] = [0x74, 0x73, 0x6d, 0x64];
const LITERALS = [Buffer.from('true'), Buffer.from('false'), Buffer.from('null')];
const MESSAGE_ID_LENGTH = 'message_id'.length;

/** The object has no `ts`. */
export const NO_TIME = -1;

/**
 * The number that an object, in `text` from `from` to `to`, has as `ts`, or {@link NO_TIME}; undefined when it is not simple, or not valid.
 * Simple is an object of at most `maxDepth` levels, without `message_id`, exponents and very long numbers, whose `ts`, if any, is a number of at
 * most 15 digits. JSON.parse and jsonb accept each of these.
 */
export function readPlain(text: Uint8Array, maxDepth: number, from = 0, to = text.length): number | undefined {
  const most = Math.min(maxDepth, DEEPEST);
  let state = VALUE;
  let depth = 0;
  let objects = 0;
  let isTime = false;
  let ts = NO_TIME;
  let at = from;
  while (at < to) {
    const byte = text[at++] as number;
    if (byte === SPACE || byte === 0x0a || byte === 0x0d || byte === 0x09) continue;
    if (byte === QUOTE) {
      if (state === COLON || state === SEPARATOR || depth === 0) return undefined;
      const begin = at;
      while (at < to) {
        const next = text[at] as number;
        if (next === QUOTE) break;
        if (next < SPACE || next > TILDE || next === BACKSLASH) return undefined;
        at += 1;
      }
      const length = at++ - begin;
      if (state === VALUE || state === VALUE_OR_END) {
        if (isTime) return undefined;
        state = SEPARATOR;
        continue;
      }
      state = COLON;
      if (depth > 1) continue;
      isTime = length === 2 && text[begin] === LETTER_T && text[begin + 1] === LETTER_S;
      // The length and both ends are enough: another name like that goes to JSON.parse as well.
      if (length === MESSAGE_ID_LENGTH && text[begin] === LETTER_M && text[begin + length - 1] === LETTER_D)
        return undefined;
    } else if (byte === COLON_BYTE) {
      if (state !== COLON) return undefined;
      state = VALUE;
    } else if (byte === COMMA) {
      if (state !== SEPARATOR || depth === 0) return undefined;
      state = objects & (1 << depth) ? KEY : VALUE;
    } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
      const isObject = byte === OPEN_OBJECT;
      if (state > VALUE_OR_END || depth >= most || isTime || (depth === 0 && !isObject)) return undefined;
      depth += 1;
      objects = isObject ? objects | (1 << depth) : objects & ~(1 << depth);
      state = isObject ? KEY_OR_END : VALUE_OR_END;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
      const isObject = byte === CLOSE_OBJECT;
      if (depth === 0 || isObject !== ((objects & (1 << depth)) !== 0)) return undefined;
      if (state !== SEPARATOR && state !== (isObject ? KEY_OR_END : VALUE_OR_END)) return undefined;
      depth -= 1;
      state = SEPARATOR;
    } else {
      if (state > VALUE_OR_END || depth === 0) return undefined;
      state = SEPARATOR;
      if (byte !== MINUS && !isDigit(byte)) {
        const literal = LITERALS.find(([first]) => first === byte);
        if (literal === undefined || isTime || !isAt(literal, text, at - 1, to)) return undefined;
        at += literal.length - 1;
        continue;
      }
      const begin = byte === MINUS ? at : at - 1;
      at = begin;
      let number = 0;
      for (; at < to && isDigit(text[at] as number); at++) number = number * 10 + (text[at] as number) - ZERO;
      let digits = at - begin;
      if (digits === 0 || (digits > 1 && text[begin] === ZERO)) return undefined;
      let decimals = 0;
      if (at < to && text[at] === POINT) {
        const point = at++;
        for (; at < to && isDigit(text[at] as number); at++) number = number * 10 + (text[at] as number) - ZERO;
        decimals = at - point - 1;
        if (decimals === 0) return undefined;
        digits += decimals;
      }
      // An exponent is refused with the next byte, which is not a separator.
      if (digits > LONGEST_NUMBER) return undefined;
      if (!isTime) continue;
      if (digits > EXACT_DIGITS || byte === MINUS) return undefined;
      ts = number / (POWERS[decimals] as number);
    }
  }
  return depth === 0 && state === SEPARATOR ? ts : undefined;
}

const isDigit = (byte: number) => byte >= ZERO && byte <= NINE;

function isAt(literal: Uint8Array, text: Uint8Array, from: number, to: number): boolean {
  if (from + literal.length > to) return false;
  for (let index = 0; index < literal.length; index++) if (literal[index] !== text[from + index]) return false;
  return true;
}
