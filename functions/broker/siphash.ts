// SipHash-2-4 (Aumasson and Bernstein, 2012): a MAC for short texts, on halves of 32 bits, because JavaScript has no faster
// integers.

/** Makes the function that authenticates `bytes` from `from` to `to` under one key; it returns eight bytes. */
export type SipHash = (bytes: Uint8Array, from: number, to: number) => Uint8Array;

const MOST_WORD_BYTES = 8;

/** @param key 16 bytes. The function's result is valid until it is called again. */
export function createSipHash(key: Uint8Array): SipHash {
  const words = new DataView(key.buffer, key.byteOffset, key.byteLength);
  const [k0l, k0h, k1l, k1h] = [0, 4, 8, 12].map((at) => words.getInt32(at, true)) as [number, number, number, number];
  const out = new Uint8Array(8);
  return (bytes, from, to) => {
    let v0l = k0l ^ 0x70736575;
    let v0h = k0h ^ 0x736f6d65;
    let v1l = k1l ^ 0x6e646f6d;
    let v1h = k1h ^ 0x646f7261;
    let v2l = k0l ^ 0x6e657261;
    let v2h = k0h ^ 0x6c796765;
    let v3l = k1l ^ 0x79746573;
    let v3h = k1h ^ 0x74656462;
    let at = from;
    for (let last = false; !last; ) {
      const left = to - at;
      last = left < MOST_WORD_BYTES;
      let ml: number;
      let mh: number;
      if (last) {
        ml = little(bytes, at, Math.min(left, 4));
        mh = little(bytes, at + 4, left - 4) | ((to - from) << 24);
      } else {
        ml = little(bytes, at, 4);
        mh = little(bytes, at + 4, 4);
      }
      at += MOST_WORD_BYTES;
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
    const low = v0l ^ v1l ^ v2l ^ v3l;
    const high = v0h ^ v1h ^ v2h ^ v3h;
    for (let byte = 0; byte < 4; byte++) {
      out[byte] = low >>> (8 * byte);
      out[byte + 4] = high >>> (8 * byte);
    }
    return out;
  };
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
