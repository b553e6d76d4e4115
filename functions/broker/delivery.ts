// A PUBLISH as the broker sent it, before anything has read its payload.
import type { MessageProperties } from '../../domain/messages.ts';

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
  /** Milliseconds since 1970. */
  receivedAt: number;
  /** Its MQTT 5 properties; undefined if there are none. */
  properties: MessageProperties | undefined;
}
