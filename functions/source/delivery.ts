// A message as its source brought it, before anything has read its payload.
import type { MessageProperties } from '../../domain/messages.ts';
import type { Stamp } from './stamp.ts';

/** One delivery of one message. A redelivery is another one. */
export class Delivery {
  readonly topic: string;
  /** The chunk of the network that holds the payload from `from` to `to`. Most payloads are checked and copied there: a view costs more. */
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
  /** True if the message was larger than the source takes and the rest of its payload was dropped. */
  readonly truncated: boolean;
  /** What the source knows it by until it is committed, from 1; 0: it never comes again, and its device waited for no acknowledgement. */
  readonly tag: number;
  /** The source has brought this before, and it was not committed. */
  readonly again: boolean;
  /** The connection or the assignment of this process on which it came: it can be committed only there. */
  readonly lane: number;
  /** When ingest received it, in milliseconds since 1970. */
  readonly receivedAt: number;
  /** What was declared beside its payload; undefined if nothing was. */
  properties: MessageProperties | undefined = undefined;
  /** Which message it is; `forged` when its gate's MAC is wrong, undefined when there is no stamp or none is expected. */
  stamp: Stamp | 'forged' | undefined = undefined;

  constructor(
    topic: string,
    bytes: Buffer,
    from: number,
    to: number,
    truncated: boolean,
    tag: number,
    again: boolean,
    lane: number,
    receivedAt: number,
  ) {
    this.topic = topic;
    this.bytes = bytes;
    this.from = from;
    this.to = to;
    this.truncated = truncated;
    this.tag = tag;
    this.again = again;
    this.lane = lane;
    this.receivedAt = receivedAt;
  }

  /** Bytes of the payload. */
  get size(): number {
    return this.to - this.from;
  }

  /** A new view into the chunk. Cut off when `truncated`. */
  get payload(): Buffer {
    return this.bytes.subarray(this.from, this.to);
  }
}

/** When a message came, in milliseconds since 1970: by its stamp to the platform, else to ingest. */
export const cameAt = ({ stamp, receivedAt }: Delivery): number =>
  typeof stamp === 'object' ? stamp.receivedAt : receivedAt;
