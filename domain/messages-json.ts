// What a JSON text holds that a reading may not, and where a list's members begin and end.
import { type Rejection, reject } from './messages-reasons.ts';

// Only a text with one of these can hold what is unfit, and is then looked through value by value: an escape, or a number
// that its exponent (three digits) or its length (with an exponent of two digits) can take out of range.
const SUSPICIOUS = /\\u|[eE][+-]?\d{3}/;
const LONG_NUMBER = 200;

/** The strings (keys too) and the numbers of a valid JSON text. */
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?/g;

/** Below it a double loses digits until nothing is left. */
const LEAST = 1e-308;
/** Digits after the point that Postgres' numeric, and so jsonb, can hold. */
const MOST_DECIMALS = 16_383;
/** Where Postgres stops reading an exponent, even if of zero. */
const MOST_EXPONENT = 2 ** 30;

/** True when objects and arrays in `value` are nested more than `levels` deep. */
export function isDeeper(value: object, levels: number): boolean {
  if (levels === 0) return true;
  // Not for ... in: it makes a text of each index of an array, which takes ten times as long.
  for (const member of Array.isArray(value) ? value : Object.values(value)) {
    if (typeof member === 'object' && member !== null && isDeeper(member, levels - 1)) return true;
  }
  return false;
}

/**
 * What JSON allows and jsonb does not, or only as a trap: U+0000 and unpaired surrogates (Postgres refuses both), and
 * numbers no double can hold: jsonb would expand `1e131071` to 131,072 digits for every reader. A value is judged alone: not by
 * what stands around it, nor, but for decimals that jsonb has no room for, by how it is written.
 * @param text valid JSON.
 */
export function findUnfit(text: string): Rejection | undefined {
  if (!SUSPICIOUS.test(text) && !hasLongNumber(text)) return undefined;
  for (const [token, whole, decimals = '', exponent = '0'] of text.matchAll(TOKENS)) {
    const found =
      whole === undefined ? ofString(token) : ofNumber(token, `${whole}${decimals}`, decimals.length, exponent);
    if (found) return found;
  }
  return undefined;
}

/** True if this number of digits follow each other. Looks at every 200th character; a pattern would look at each. */
function hasLongNumber(text: string): boolean {
  for (let probe = LONG_NUMBER - 1; probe < text.length; probe += LONG_NUMBER) {
    let [from, to] = [probe, probe];
    while (isDigit(text.charCodeAt(from))) from -= 1;
    while (isDigit(text.charCodeAt(to))) to += 1;
    if (to - from > LONG_NUMBER) return true;
  }
  return false;
}

const isDigit = (code: number) => code >= 0x30 && code <= 0x39;

function ofString(token: string): Rejection | undefined {
  if (!token.includes('\\u')) return undefined;
  const value: string = JSON.parse(token);
  if (value.includes('\0')) return reject('nul-character', 'a string holds \\u0000, which cannot be stored');
  return value.isWellFormed() ? undefined : reject('lone-surrogate', 'a string holds half of a surrogate pair');
}

function ofNumber(token: string, digits: string, decimals: number, exponent: string): Rejection | undefined {
  const size = Math.abs(Number(token));
  if (size > Number.MAX_VALUE || (size < LEAST && /[1-9]/.test(digits))) {
    return reject('number-out-of-range', 'a number is beyond what a double can hold (1e-308 to 1.79e308, and zero)');
  }
  if (decimals - Number(exponent) > MOST_DECIMALS || Math.abs(Number(exponent)) >= MOST_EXPONENT) {
    return reject('number-out-of-range', `a number has more than ${MOST_DECIMALS} digits after the point`);
  }
  return undefined;
}

/** What is often wrong with a text, and what to do about it. Looked for with every string taken out. */
const MISTAKES: [pattern: RegExp, hint: string][] = [
  [/^\ufeff/, 'it begins with a byte-order mark: send UTF-8 without one'],
  [/\0$/, "it ends with NUL bytes: send the text's length, not the buffer's"],
  [/\b(nan|inf|infinity)\b/i, 'it has NaN or infinity as a number: send null, or leave the member out'],
  [/\b(True|False|None)\b/, 'it has True, False or None, as Python prints them: write it with json.dumps'],
  [/[{,]\s*'/, "it has names in single quotes: JSON's are double"],
  [/,\s*[}\]]/, 'it has a comma before a closing bracket'],
];
const CUT = /end of JSON|Unterminated/;
/** A string, or what is there of one. It matches at every quote: where it failed, the next try would begin at the next quote of a long text. */
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?$)/gs;

/**
 * Why a text is not JSON, in words that help its sender. It never quotes the text.
 * @param error JSON.parse's.
 */
export function explainNoJson(text: string, error: Error): Rejection {
  const bare = text.replaceAll(STRING, '""');
  const isCut = /^\s*[[{]/.test(text) && CUT.test(error.message);
  const hint = MISTAKES.find(([pattern]) => pattern.test(bare))?.[1] ?? (isCut ? CUT_SHORT : undefined);
  return reject('not-json', hint === undefined ? 'the payload is not JSON' : `the payload is not JSON: ${hint}`);
}

const CUT_SHORT = 'it ends too early, perhaps at the end of a buffer';

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
