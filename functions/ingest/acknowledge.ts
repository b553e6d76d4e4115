// Acknowledges messages in the order in which they came (MQTT 5.0, 4.6), in whatever order they are committed.
import type { Delivery } from '../broker/index.ts';

/** Packet identifiers to acknowledge on a connection, in the order of arrival. */
export interface Acknowledgements {
  acknowledgements(connection: number): number[];
}

/** Keeps the order. It holds numbers only: a message that waits for the acknowledgement of another one takes no memory. */
export interface Acknowledger {
  /** A message has come. */
  add(delivery: Delivery): void;
  /** These are done with. @param isCommitted false: they stay on the broker, and hold up no others. */
  settle(deliveries: readonly Delivery[], isCommitted: boolean): void;
}

const PACKET_IDS = 65_536;
const keyOf = ({ connection, packetId }: Delivery) => connection * PACKET_IDS + packetId;

/** @param send acknowledges what is committed, as far as all before it is done with. */
export function createAcknowledger(send: (acknowledgements: Acknowledgements) => void): Acknowledger {
  let waiting: number[] = [];
  let next = 0;
  const settled = new Map<number, boolean>();

  return {
    add: (delivery) => {
      if (delivery.packetId !== 0) waiting.push(keyOf(delivery));
    },
    settle: (deliveries, isCommitted) => {
      for (const delivery of deliveries) if (delivery.packetId !== 0) settled.set(keyOf(delivery), isCommitted);
      const ready: number[] = [];
      for (; next < waiting.length; next++) {
        const key = waiting[next] as number;
        const toAcknowledge = settled.get(key);
        if (toAcknowledge === undefined) break;
        settled.delete(key);
        if (toAcknowledge) ready.push(key);
      }
      if (next > waiting.length / 2) {
        waiting = waiting.slice(next);
        next = 0;
      }
      send({
        acknowledgements: (connection) => {
          const base = connection * PACKET_IDS;
          return ready.filter((key) => key > base && key < base + PACKET_IDS).map((key) => key - base);
        },
      });
    },
  };
}
