// CBOR (RFC 8949) as JSON text. What JSON cannot say is refused rather than changed: a reading is stored as it was meant.
import { isUtf8 } from 'node:buffer';
import { type DecodeOptions, decode, type Token, Tokenizer, Type } from 'cborg';
import { type Rejection, reject } from './messages-reasons.ts';

/** Text takes at most this many times the bytes of its CBOR: a half float of 3 bytes has up to 21 characters. */
export const MOST_GROWTH = 8;

const STRICT: DecodeOptions = {
  allowBigInt: true,
  allowIndefinite: true,
  allowUndefined: false,
  allowNaN: false,
  allowInfinity: false,
  rejectDuplicateMapKeys: true, // Such a map is not valid (RFC 8949, 5.6).
  retainStringBytes: true,
};

const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

class NotUtf8 extends Error {}

/** Refuses byte strings, and text that the decoder would repair instead of refusing. */
class StrictTokenizer extends Tokenizer {
  override next(): Token {
    const token = super.next();
    if (Type.equals(token.type, Type.bytes)) throw new Error('a byte string');
    // The decoder keeps no bytes of the empty text.
    if (token.byteValue !== undefined && !isUtf8(token.byteValue)) throw new NotUtf8();
    return token;
  }
}

/**
 * One CBOR item as JSON text; integers keep all their digits.
 * @param most largest size of the text in bytes.
 */
export function cborToJson(payload: Buffer, most: number): Buffer | Rejection {
  let text: string;
  try {
    text = JSON.stringify(decode(payload, { ...STRICT, tokenizer: new StrictTokenizer(payload, STRICT) }), toJson);
  } catch (error) {
    if (error instanceof NotUtf8) return reject('not-utf8', 'a text in the CBOR is not UTF-8');
    // The decoder is recursive, and so is JSON.stringify: the stack ends long after any depth that is stored.
    if (error instanceof RangeError) return reject('too-deep', 'arrays and maps are nested too deep');
    return reject(
      'not-cbor',
      'the payload is not one CBOR item of maps with text as keys, each once, of arrays, text, finite numbers, true, ' +
        'false and null; without tags',
    );
  }
  const bytes = Buffer.from(text);
  return bytes.length <= most
    ? bytes
    : reject('too-large', `as JSON it has more than the ${most} bytes that are stored`);
}

function toJson(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return rawJSON(String(value));
  // The decoder's mark for "break", where it stands in a value's place.
  if (typeof value === 'symbol') throw new Error('a break that ends nothing');
  return value;
}
