// What messages take of memory while they are held.
import { unpackedSize } from '../../domain/messages-encoding.ts';
import { MAX_PAYLOAD_BYTES, MAX_READINGS } from '../../domain/messages-limits.ts';
import type { Delivery } from '../source/delivery.ts';

/** What a held message takes beside its payload, in bytes; generous. */
export const OVERHEAD_BYTES = 600;
/**
 * And what a reading of an array takes. With 600, ingest took 158 MiB for 10 million readings in gzips of 1,000; with 1,200, when a
 * batch has half as many of them, 141.
 */
export const PART_BYTES = 1200;
/** A message that is one plain reading takes less by this many: nothing is made of its payload. */
export const LESS_WHEN_PLAIN = 200;

/** The smallest reading of an array, with its comma. */
const SMALLEST_READING = 3;

/**
 * Most bytes a message can take when it is unpacked and taken apart, beyond what it takes as it came. Counted for one
 * that cannot be looked into yet: a megabyte of small gzips or arrays must not become a gigabyte at once.
 */
export function mostUnpacked({ payload, properties, truncated }: Delivery): number {
  if (truncated) return 0;
  const size = unpackedSize(payload, properties?.contentType);
  // A larger one is refused unread.
  if (size > MAX_PAYLOAD_BYTES) return 0;
  const isPlainObject = size === payload.length && payload.lastIndexOf(OBJECT_END) > payload.lastIndexOf(ARRAY_END);
  return isPlainObject ? 0 : size + Math.min(MAX_READINGS, size / SMALLEST_READING) * PART_BYTES;
}

const [ARRAY_END, OBJECT_END] = [0x5d, 0x7d];
