// How a message without an id, or without id and timestamp, is recognised when it comes again.
import { hash } from 'node:crypto';

/**
 * Readings that give neither id nor timestamp are told apart by the time they were received, in steps of this many
 * milliseconds: equal ones in one step are one row, in two steps two rows.
 */
export const BUCKET_MS = 600_000;

/** Characters of base64url that hold 128 bits and 4 more: collisions are out of reach for one device's messages. */
const HASH_CHARACTERS = 22;

// One scratch buffer: hashing is synchronous, and 40,000 messages a second are hashed.
let scratch = Buffer.allocUnsafe(64 * 1024);

/** 22 characters of base64url: SHA-256 over topic and payload, cut to 132 bits. A topic has no NUL, so a 0 byte separates them. */
export function contentHash(topic: string, payload: Buffer): string {
  const needed = topic.length * 3 + 1 + payload.length;
  if (scratch.length < needed) scratch = Buffer.allocUnsafe(needed);
  const topicEnd = scratch.write(topic, 0, 'utf8');
  scratch[topicEnd] = 0;
  payload.copy(scratch, topicEnd + 1);
  return hash('sha256', scratch.subarray(0, topicEnd + 1 + payload.length), 'base64url').slice(0, HASH_CHARACTERS);
}

/** Message id of a reading with neither id nor timestamp: its content and the step of time it was received in. */
export function bucketedId(content: string, receivedAt: number): string {
  return `${content}.${Math.floor(receivedAt / BUCKET_MS)}`;
}
