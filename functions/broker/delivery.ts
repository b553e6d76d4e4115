// A PUBLISH as it came from the broker, before anyone has looked at its payload.
import type { MessageProperties } from '../../domain/messages.ts';
import type { Stamp } from './stamp.ts';

/** One delivery of one message. A redelivery is another one. */
export interface Delivery {
  topic: string;
  /** A view into the received chunk. Cut off when `truncated`. */
  payload: Buffer;
  /** True when the packet was larger than MAX_PACKET_BYTES and the rest of its payload was thrown away. */
  truncated: boolean;
  /** MQTT packet identifier, 1 to 65535, to be acknowledged; 0 for QoS 0, which is never acknowledged. */
  packetId: number;
  /** The broker has sent this before and got no acknowledgement. */
  dup: boolean;
  /** Which connection of this process it came on: an acknowledgement is valid on that one only. */
  connection: number;
  /** When ingest received it, in milliseconds since 1970. */
  receivedAt: number;
  /** What its MQTT 5 properties say; undefined when there are none. */
  properties: MessageProperties | undefined;
  /** What the broker's gate says of it; `forged` when its MAC is wrong, undefined when there is none or none is expected. */
  stamp?: Stamp | 'forged' | undefined;
}

/** When a message came, in milliseconds since 1970: by its stamp to the broker, else to ingest. */
export const cameAt = ({ stamp, receivedAt }: Delivery): number =>
  typeof stamp === 'object' ? stamp.receivedAt : receivedAt;
