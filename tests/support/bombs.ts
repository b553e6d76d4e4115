// Small messages that become large, or cost much, when they are unpacked: one of each encoding that ingest reads.
import { deflateRawSync, gzipSync } from 'node:zlib';
import { encode } from 'cborg';
import { MAX_PAYLOAD_BYTES } from '../../domain/messages-limits.ts';

/** The n-th message of a kind; no two are equal. */
export interface Bomb {
  contentType: string | undefined;
  make(n: number): Buffer;
  /** How many readings one is counted as. Default: 1. */
  readings?: number;
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const filled = (n: number) => ({ n, x: 'a'.repeat(MAX_PAYLOAD_BYTES - 40) });
const list = (length: number, member: (n: number) => unknown) => Array.from({ length }, (_, n) => member(n));
const LARGE = 20_000_000;
const large = gzipSync(Buffer.alloc(LARGE, 0x20));

/** Half floats of three bytes, each of which is twenty characters as JSON. */
const halves = (n: number): Buffer => {
  const numbers = Buffer.concat([
    Buffer.from([0x99, 0x14, 0x00]),
    ...Array<Buffer>(0x1400).fill(Buffer.from('f90001', 'hex')),
  ]);
  return Buffer.concat([Buffer.from([0xa2, 0x61, 0x6e]), Buffer.from(encode(n)), Buffer.from([0x61, 0x76]), numbers]);
};

/** A reading with as many members as there are records: all are of one time. */
const pack = (n: number) => json(list(900, (index) => ({ bn: 'd'.repeat(60), n: `${n}-${index}`, v: index })));

export const BOMBS: Record<string, Bomb> = {
  'gzip of a text': { contentType: 'application/gzip', make: (n) => gzipSync(json(filled(n))) },
  'gzip of a number that no jsonb holds': {
    contentType: 'application/gzip',
    make: (n) => gzipSync(`{"i":${n},"x":0.${'0'.repeat(16_401)}1}`),
  },
  'gzip of 1,000 readings': {
    contentType: 'application/gzip',
    readings: 1000,
    make: (n) => gzipSync(json(list(1000, (index) => ({ n, index, x: 'b'.repeat(100) })))),
  },
  'gzip of 1,000 numbers': {
    contentType: 'application/gzip',
    readings: 1000,
    make: (n) => gzipSync(json(list(1000, () => n))),
  },
  'gzip of many arrays': {
    contentType: 'application/gzip',
    make: (n) => gzipSync(`{"n":${n},"x":[${Array(40_000).fill('[]')}]}`),
  },
  'gzip of megabytes': {
    contentType: 'application/gzip',
    make: (n) => Buffer.concat([large.subarray(0, 4), Buffer.from(encode(n)), large.subarray(4)]),
  },
  'gzip that lies about its size': {
    contentType: 'application/gzip',
    make: (n) => {
      const copy = gzipSync(json({ ...filled(n), y: 'c'.repeat(MAX_PAYLOAD_BYTES) }));
      copy.writeUInt32LE(MAX_PAYLOAD_BYTES - 1, copy.length - 4);
      return copy;
    },
  },
  'deflate under the name of gzip': { contentType: 'application/gzip', make: (n) => deflateRawSync(json(filled(n))) },
  'CBOR in gzip': { contentType: 'application/cbor+gzip', make: (n) => gzipSync(encode(filled(n))) },
  'CBOR of half floats': { contentType: 'application/cbor', make: halves },
  'CBOR of half floats in gzip': { contentType: 'application/cbor+gzip', make: (n) => gzipSync(halves(n)) },
  'SenML of 900 names': { contentType: 'application/senml+json', make: pack },
  'SenML of 900 names in gzip': { contentType: 'application/senml+json+gzip', make: (n) => gzipSync(pack(n)) },
  'JSON of 1,000 readings': { contentType: undefined, readings: 1000, make: (n) => json(list(1000, () => ({ n }))) },
  'JSON of the largest size': { contentType: undefined, make: (n) => json(filled(n)) },
};
