// What tells a message from all others and survives its being sent again: the stamp of the broker's gate, or its place in a stream.
import { hash } from 'node:crypto';

/** Says which message it is, and when it came. */
export interface Stamp {
  /** When the broker received the message, in milliseconds since 1970. */
  receivedAt: number;
  /** Which start of the broker, or which stream: 8 hexadecimal digits. */
  boot: string;
  /** Which message of it, from 1. */
  counter: number;
  /** The gate's: empty; `z<bytes>`: the payload had that size and was taken out; `c<rest>`: published to that topic below its device's. */
  note: string;
  /** Of a redriven dead letter: the content and the place in its message that its reading had. */
  first?: { content: string; index: number };
}

/**
 * Makes the stamps of one stream, whose messages have numbers that never change: a stream's sequences, a partition's offsets.
 * @param stream names it among all that one platform has, such as `kafka telemetry 3`.
 * @returns a function of a message's number, from 0, and of when the stream got it, in milliseconds since 1970: both as the stream has them,
 * so that a message that comes again has the same stamp.
 */
export function stampsOf(stream: string): (number: number, receivedAt: number) => Stamp {
  const boot = hash('sha256', stream).slice(0, BOOT_CHARACTERS);
  return (number, receivedAt) => ({ receivedAt, boot, counter: number + 1, note: '' });
}

const BOOT_CHARACTERS = 8;
