// SipHash-2-4 (Aumasson and Bernstein, 2012): a MAC for short texts, on halves of 32 bits, because JavaScript has no faster
// integers.

/** Authenticates `bytes` from `from` to `to` under one key; returns eight bytes, which are valid until any text is authenticated. */
export type SipHash = (bytes: Uint8Array, from: number, to: number) => Uint8Array;

const WORD_BYTES = 8;
const NOTHING = new Uint8Array(0);
const out = new Uint8Array(8);
let scratch = new Uint8Array(1024);

/**
 * @param key 16 bytes.
 * @param beginning comes before each text; its words are taken in once. Default: nothing.
 */
export function createSipHash(key: Uint8Array, beginning = NOTHING): SipHash {
  const words = new DataView(key.buffer, key.byteOffset, key.byteLength);
  const [k0l, k0h, k1l, k1h] = [0, 4, 8, 12].map((at) => words.getInt32(at, true)) as [number, number, number, number];
  const start = Int32Array.of(
    k0l ^ 0x70736575,
    k0h ^ 0x736f6d65,
    k1l ^ 0x6e646f6d,
    k1h ^ 0x646f7261,
    k0l ^ 0x6e657261,
    k0h ^ 0x6c796765,
    k1l ^ 0x79746573,
    k1h ^ 0x74656462,
  );
  const taken = beginning.length - (beginning.length % WORD_BYTES);
  takeIn(start, beginning, 0, taken, undefined);
  const rest = beginning.slice(taken);
  return (bytes, from, to) => {
    const length = rest.length + to - from;
    if (rest.length === 0) takeIn(start, bytes, from, to, length + taken);
    else {
      if (scratch.length < length) scratch = new Uint8Array(length);
      // A call of native code for so few bytes would take longer.
      for (let at = 0; at < rest.length; at++) scratch[at] = rest[at] as number;
      for (let at = rest.length, next = from; next < to; at++, next++) scratch[at] = bytes[next] as number;
      takeIn(start, scratch, 0, length, length + taken);
    }
    return out;
  };
}

/**
 * Takes bytes in, beginning with the halves of the four words of `state`.
 * @param length of the whole text, which ends here: the result is in `out`. Without it these are whole words, and `state` is what it is after them.
 */
function takeIn(state: Int32Array, bytes: Uint8Array, from: number, to: number, length: number | undefined): void {
  let v0l = state[0] as number;
  let v0h = state[1] as number;
  let v1l = state[2] as number;
  let v1h = state[3] as number;
  let v2l = state[4] as number;
  let v2h = state[5] as number;
  let v3l = state[6] as number;
  let v3h = state[7] as number;
  let at = from;
  for (let last = false; !last; ) {
    const left = to - at;
    if (left === 0 && length === undefined) break;
    last = left < WORD_BYTES;
    let ml: number;
    let mh: number;
    if (last) {
      ml = little(bytes, at, Math.min(left, 4));
      mh = little(bytes, at + 4, left - 4) | ((length as number) << 24);
    } else {
      ml = little(bytes, at, 4);
      mh = little(bytes, at + 4, 4);
    }
    at += WORD_BYTES;
    v3l ^= ml;
    v3h ^= mh;
    // Two rounds a word. The end, of four rounds, is the word after the last.
    for (let round = last ? -4 : 0; round < 2; round++) {
      if (last && round === -2) {
        v0l ^= ml;
        v0h ^= mh;
        v2l ^= 0xff;
      }
      let low = (v0l >>> 0) + (v1l >>> 0);
      v0h = (v0h + v1h + (low > 0xffff_ffff ? 1 : 0)) | 0;
      v0l = low | 0;
      low = (v2l >>> 0) + (v3l >>> 0);
      v2h = (v2h + v3h + (low > 0xffff_ffff ? 1 : 0)) | 0;
      v2l = low | 0;
      low = ((v1l << 13) | (v1h >>> 19)) ^ v0l;
      v1h = ((v1h << 13) | (v1l >>> 19)) ^ v0h;
      v1l = low;
      low = ((v3l << 16) | (v3h >>> 16)) ^ v2l;
      v3h = ((v3h << 16) | (v3l >>> 16)) ^ v2h;
      v3l = low;
      low = v0h;
      v0h = v0l;
      v0l = low;
      low = (v2l >>> 0) + (v1l >>> 0);
      v2h = (v2h + v1h + (low > 0xffff_ffff ? 1 : 0)) | 0;
      v2l = low | 0;
      low = (v0l >>> 0) + (v3l >>> 0);
      v0h = (v0h + v3h + (low > 0xffff_ffff ? 1 : 0)) | 0;
      v0l = low | 0;
      low = ((v1l << 17) | (v1h >>> 15)) ^ v2l;
      v1h = ((v1h << 17) | (v1l >>> 15)) ^ v2h;
      v1l = low;
      low = ((v3l << 21) | (v3h >>> 11)) ^ v0l;
      v3h = ((v3h << 21) | (v3l >>> 11)) ^ v0h;
      v3l = low;
      low = v2h;
      v2h = v2l;
      v2l = low;
    }
    if (!last) {
      v0l ^= ml;
      v0h ^= mh;
    }
  }
  if (length === undefined) {
    state.set([v0l, v0h, v1l, v1h, v2l, v2h, v3l, v3h]);
    return;
  }
  const low = v0l ^ v1l ^ v2l ^ v3l;
  const high = v0h ^ v1h ^ v2h ^ v3h;
  for (let byte = 0; byte < 4; byte++) {
    out[byte] = low >>> (8 * byte);
    out[byte + 4] = high >>> (8 * byte);
  }
}

/** `count` bytes as a little-endian number; none when it is not positive. */
function little(bytes: Uint8Array, at: number, count: number): number {
  if (count === 4) {
    return (
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)
    );
  }
  let value = 0;
  for (let byte = 0; byte < count; byte++) value |= (bytes[at + byte] as number) << (8 * byte);
  return value;
}
