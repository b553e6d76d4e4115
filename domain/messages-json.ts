// What a JSON text holds that a reading may not, and where a list's members begin and end.
import { type Rejection, reject } from './messages-reasons.ts';

// An escape that jsonb may refuse, or an exponent of three digits or more: rare in telemetry, so only these texts are
// walked value by value.
const SUSPICIOUS = /\\u|[eE][+-]?\d{3}/;

/** True when objects and arrays in `value` are nested more than `levels` deep. */
export function isDeeper(value: object, levels: number): boolean {
  if (levels === 0) return true;
  for (const key in value) {
    const member = (value as Record<string, unknown>)[key];
    if (typeof member === 'object' && member !== null && isDeeper(member, levels - 1)) return true;
  }
  return false;
}

/**
 * What JSON allows and jsonb does not, or only as a trap: U+0000 and unpaired surrogates (Postgres refuses both), and
 * numbers no double can hold: jsonb would expand `1e131071` to 131,072 digits for every reader.
 * @param text valid JSON.
 */
export function findUnfit(text: string): Rejection | undefined {
  if (!SUSPICIOUS.test(text)) return undefined;
  let found: Rejection | undefined;
  const check = (value: string) => {
    if (value.includes('\0')) found ??= reject('nul-character', 'a string holds \\u0000, which cannot be stored');
    if (!value.isWellFormed()) found ??= reject('lone-surrogate', 'a string holds half of a surrogate pair');
  };
  JSON.parse(text, function visit(this: unknown, key: string, value: unknown, context?: { source?: string }) {
    check(key);
    if (typeof value === 'string') check(value);
    if (typeof value === 'number' && !isHeld(value, context?.source ?? '')) {
      found ??= reject('number-out-of-range', 'a number is beyond what a double can hold (about 1e-308 to 1e308)');
    }
    return value;
  } as (this: unknown, key: string, value: unknown) => unknown);
  return found;
}

/** False for overflow, and for a non-zero number so small that it would come out as zero. */
function isHeld(value: number, source: string): boolean {
  if (!Number.isFinite(value)) return false;
  const exponent = /[eE]([+-]?\d+)$/.exec(source);
  return exponent === null || Math.abs(Number(exponent[1])) <= 308;
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);
const SPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);

/**
 * The members of an array as they were written: parsed and written again, `1.50` and long numbers would change.
 * @param text a valid JSON array with at least one member, in UTF-8. Space around a member does not belong to it.
 */
export function splitArray(text: Buffer): Buffer[] {
  const members: Buffer[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const byte = text[at] as number;
    if (byte === QUOTE) at = stringEnd(text, at);
    else if (OPENING.has(byte)) {
      depth += 1;
      if (depth === 1) from = at + 1;
    } else if (CLOSING.has(byte)) {
      depth -= 1;
      if (depth === 0) members.push(trim(text, from, at));
    } else if (byte === COMMA && depth === 1) {
      members.push(trim(text, from, at));
      from = at + 1;
    }
  }
  return members;
}

/** Where the string that begins at `at` ends: at a quote that no backslash takes the meaning from. */
function stringEnd(text: Buffer, at: number): number {
  let end = at + 1;
  while (text[end] !== QUOTE) end += text[end] === BACKSLASH ? 2 : 1;
  return end;
}

/** What lies between `from` and `to`, without white space around it. */
function trim(text: Buffer, from: number, to: number): Buffer {
  let [start, end] = [from, to];
  while (SPACE.has(text[start] as number)) start += 1;
  while (SPACE.has(text[end - 1] as number)) end -= 1;
  return text.subarray(start, end);
}
