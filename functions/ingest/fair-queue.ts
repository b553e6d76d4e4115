// Messages that wait to be read: senders take turns, so that thousands of one do not keep another's waiting.
import type { Delivery } from '../broker/index.ts';
import { OVERHEAD_BYTES } from './memory-estimate.ts';

/** Of each sender, first come, first served. */
export interface FairQueue {
  /** Memory held, in bytes: messages as they came. */
  readonly bytes: number;
  readonly length: number;
  push(delivery: Delivery): void;
  /** Whether a message of this sender waits. */
  has(sender: string): boolean;
  /** The oldest message of the next sender, or of the next one that `may`. */
  shift(may?: (sender: string) => boolean): Delivery | undefined;
}

/** Of a former topic the first level, of a device's topic the tenant: who published it, as far as that can be told unread. */
export function senderOf({ topic }: Delivery): string {
  const [first = '', second = ''] = topic.split('/', 2);
  return first === 'tenants' ? second : `/${first}`;
}

export function createFairQueue(): FairQueue {
  // A map keeps the order in which keys were set: its first one is next.
  const turns = new Map<string, Delivery[]>();
  let bytes = 0;
  let length = 0;
  const sizeOf = ({ payload, topic }: Delivery) => payload.length + 2 * topic.length + OVERHEAD_BYTES;
  return {
    get bytes() {
      return bytes;
    },
    get length() {
      return length;
    },
    push: (delivery) => {
      bytes += sizeOf(delivery);
      length += 1;
      const sender = senderOf(delivery);
      const own = turns.get(sender);
      if (own) own.push(delivery);
      else turns.set(sender, [delivery]);
    },
    has: (sender) => turns.has(sender),
    shift: (may = () => true) => {
      for (const [sender, own] of turns) {
        if (!may(sender)) continue;
        const delivery = own.shift() as Delivery;
        bytes -= sizeOf(delivery);
        length -= 1;
        turns.delete(sender);
        if (own.length > 0) turns.set(sender, own);
        return delivery;
      }
      return undefined;
    },
  };
}
