// A PUBLISH as the broker sent it, before anything has read its payload.
import type { MessageProperties } from '../../domain/messages.ts';
import type { Stamp } from './stamp.ts';

/** One delivery of one message. A redelivery is another one. */
export interface Delivery {
  topic: string;
  /** A view into the received chunk. Cut off when `truncated`. */
  payload: Buffer;
  /** True if the packet was larger than MAX_PACKET_BYTES and the rest of its payload was dropped. */
  truncated: boolean;
  /** MQTT packet identifier, 1 to 65535, to be acknowledged; 0 for QoS 0, which is never acknowledged. */
  packetId: number;
  /** The broker has sent this before and received no acknowledgement. */
  dup: boolean;
  /** The connection of this process on which it came: an acknowledgement is valid only there. */
  connection: number;
  /** When ingest received it, in milliseconds since 1970. */
  receivedAt: number;
  /** Its MQTT 5 properties; undefined if there are none. */
  properties: MessageProperties | undefined;
  /** What the broker's gate says of it; `forged` when its MAC is wrong, undefined when there is none or none is expected. */
  stamp?: Stamp | 'forged' | undefined;
}

/** When a message came, in milliseconds since 1970: by its stamp to the broker, else to ingest. */
export const cameAt = ({ stamp, receivedAt }: Delivery): number =>
  typeof stamp === 'object' ? stamp.receivedAt : receivedAt;
