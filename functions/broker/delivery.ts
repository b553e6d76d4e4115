// A PUBLISH as the broker sent it, before anything has read its payload.
import type { MessageProperties } from '../../domain/messages.ts';
import type { Stamp } from './stamp.ts';

/** One delivery of one message. A redelivery is another one. */
export class Delivery {
  readonly topic: string;
  /** The chunk of the network that holds the payload from `from` to `to`. Most payloads are checked and copied there: a view costs more. */
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
  /** True if the packet was larger than MAX_PACKET_BYTES and the rest of its payload was dropped. */
  readonly truncated: boolean;
  /** MQTT packet identifier, 1 to 65535, to be acknowledged; 0 for QoS 0, which is never acknowledged. */
  readonly packetId: number;
  /** The broker has sent this before and received no acknowledgement. */
  readonly dup: boolean;
  /** The connection of this process on which it came: an acknowledgement is valid only there. */
  readonly connection: number;
  /** When ingest received it, in milliseconds since 1970. */
  readonly receivedAt: number;
  /** Its MQTT 5 properties; undefined if there are none. */
  properties: MessageProperties | undefined = undefined;
  /** What the broker's gate says of it; `forged` when its MAC is wrong, undefined when there is none or none is expected. */
  stamp: Stamp | 'forged' | undefined = undefined;

  constructor(
    topic: string,
    bytes: Buffer,
    from: number,
    to: number,
    truncated: boolean,
    packetId: number,
    dup: boolean,
    connection: number,
    receivedAt: number,
  ) {
    this.topic = topic;
    this.bytes = bytes;
    this.from = from;
    this.to = to;
    this.truncated = truncated;
    this.packetId = packetId;
    this.dup = dup;
    this.connection = connection;
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

/** When a message came, in milliseconds since 1970: by its stamp to the broker, else to ingest. */
export const cameAt = ({ stamp, receivedAt }: Delivery): number =>
  typeof stamp === 'object' ? stamp.receivedAt : receivedAt;
