// Reads a stamp of the gate as ingest does, written a second time and independently: SipHash-2-4 by its definition.

/** What a stamp says. */
export interface Stamp {
  ms: number;
  boot: string;
  counter: number;
  note: string;
}

/** The stamp's parts; undefined when its MAC is not the one of this key and topic. */
export function readStamp(keyHex: string, topic: string, stamp: string): Stamp | undefined {
  const [, signed, ms, boot, counter, note, mac] =
    /^((\d+)\.([0-9a-f]{8})\.(\d+)\.([^.]*))\.([0-9a-f]{16})$/.exec(stamp) ?? [];
  if (signed === undefined || mac !== sipHash(keyHex, Buffer.from(`${topic}\0${signed}`))) return undefined;
  return { ms: Number(ms), boot: boot!, counter: Number(counter), note: note! };
}

const MASK = (1n << 64n) - 1n;
const rotate = (value: bigint, bits: bigint) => ((value << bits) | (value >> (64n - bits))) & MASK;

/** SipHash-2-4 of `data`, as 16 hexadecimal digits, the least significant byte first. */
export function sipHash(keyHex: string, data: Buffer): string {
  const key = Buffer.from(keyHex, 'hex');
  const [k0, k1] = [key.readBigUInt64LE(0), key.readBigUInt64LE(8)];
  let [v0, v1, v2, v3] = [
    k0 ^ 0x736f6d6570736575n,
    k1 ^ 0x646f72616e646f6dn,
    k0 ^ 0x6c7967656e657261n,
    k1 ^ 0x7465646279746573n,
  ];
  const rounds = (count: number) => {
    for (let n = 0; n < count; n += 1) {
      v0 = (v0 + v1) & MASK;
      v1 = rotate(v1, 13n) ^ v0;
      v0 = rotate(v0, 32n);
      v2 = (v2 + v3) & MASK;
      v3 = rotate(v3, 16n) ^ v2;
      v0 = (v0 + v3) & MASK;
      v3 = rotate(v3, 21n) ^ v0;
      v2 = (v2 + v1) & MASK;
      v1 = rotate(v1, 17n) ^ v2;
      v2 = rotate(v2, 32n);
    }
  };
  const padded = Buffer.alloc(Math.floor(data.length / 8) * 8 + 8);
  data.copy(padded);
  padded[padded.length - 1] = data.length & 0xff;
  for (let at = 0; at < padded.length; at += 8) {
    const word = padded.readBigUInt64LE(at);
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  }
  v2 ^= 0xffn;
  rounds(4);
  const hash = Buffer.alloc(8);
  hash.writeBigUInt64LE(v0 ^ v1 ^ v2 ^ v3);
  return hash.toString('hex');
}
