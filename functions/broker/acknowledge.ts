// Acknowledges messages in the order in which they came (MQTT 5.0, 4.6), in whatever order they are committed.
import type { Delivery } from '../source/delivery.ts';
import type { Done } from './encode.ts';

/** Messages that need not wait on the broker any more. */
export interface Received {
  /** On which they came. */
  connection: number;
  /** To acknowledge, in the order of arrival (MQTT 5.0, 4.6). */
  packetIds: readonly number[];
  /** How many there are, of any QoS, and their payloads' bytes. */
  done: Done;
}

/** Keeps the order. It holds numbers only: a message that waits for the acknowledgement of another one takes no memory. */
export interface Acknowledger {
  /** A message has come. On a new connection: what came on the previous one is not acknowledged any more, but comes again. */
  add(delivery: Delivery): void;
  /** These are done with. @param isCommitted false: they stay on the broker, and hold up no others. */
  settle(deliveries: readonly Delivery[], isCommitted: boolean): void;
}

const PACKET_IDS = 65_536;
/** In place of the bytes of a payload: its message is not done with, or stays on the broker. */
const OPEN = -1;
const LEFT = -2;

/** @param send acknowledges what is committed, as far as all before it is done with. */
export function createAcknowledger(send: (received: Received) => void): Acknowledger {
  let connection = 0;
  /** Packet identifiers as they came, those from `next` on not passed yet. */
  let waiting: number[] = [];
  let next = 0;
  /** Of each packet, the bytes of its payload once it is done with. */
  const settled = new Int32Array(PACKET_IDS).fill(OPEN);

  return {
    add: (delivery) => {
      if (delivery.lane !== connection) {
        connection = delivery.lane;
        waiting = [];
        next = 0;
        settled.fill(OPEN);
      }
      if (delivery.tag !== 0) waiting.push(delivery.tag);
    },
    settle: (deliveries, isCommitted) => {
      const packetIds: number[] = [];
      const done = { messages: 0, bytes: 0 };
      for (const delivery of deliveries) {
        if (delivery.lane !== connection) continue;
        const { size } = delivery;
        if (delivery.tag !== 0) settled[delivery.tag] = isCommitted ? size : LEFT;
        else {
          // Nothing of QoS 0 stays on the broker.
          done.messages += 1;
          done.bytes += size;
        }
      }
      for (; next < waiting.length; next++) {
        const packetId = waiting[next] as number;
        const bytes = settled[packetId] as number;
        if (bytes === OPEN) break;
        settled[packetId] = OPEN;
        if (bytes === LEFT) continue;
        packetIds.push(packetId);
        done.messages += 1;
        done.bytes += bytes;
      }
      if (next > waiting.length / 2) {
        waiting = waiting.slice(next);
        next = 0;
      }
      send({ connection, packetIds, done });
    },
  };
}
