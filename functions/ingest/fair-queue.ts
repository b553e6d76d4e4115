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
  /** The oldest message of the next sender that `may`. Default: any sender may. */
  shift(may?: (sender: string) => boolean): Delivery | undefined;
}

/** Of a former topic the first level, of a device's topic the tenant: who published it, as far as that can be told unread. */
export function senderOf({ topic }: Delivery): string {
  let sender = senders.get(topic);
  if (sender === undefined) {
    const [first = '', second = ''] = topic.split('/', 2);
    sender = first === 'tenants' ? second : `/${first}`;
    if (senders.size >= MOST_REMEMBERED) senders.clear();
    senders.set(topic, sender);
  }
  return sender;
}

/** By topic: the same devices publish again and again. */
const senders = new Map<string, string>();
const MOST_REMEMBERED = 1_000;

/** What waits of a sender, from `next` on: shifting a long array would move everything behind the first. */
interface Waiting {
  deliveries: Delivery[];
  next: number;
}

function takeFrom(own: Waiting): Delivery {
  const delivery = own.deliveries[own.next] as Delivery;
  own.next += 1;
  if (own.next >= MOST_SERVED && own.next > own.deliveries.length / 2) {
    own.deliveries = own.deliveries.slice(own.next);
    own.next = 0;
  }
  return delivery;
}

/** Served ones stay in the array until there are this many, and more than those that wait. */
const MOST_SERVED = 64;

export function createFairQueue(): FairQueue {
  // A map keeps the order in which keys were set: its first one is next.
  const turns = new Map<string, Waiting>();
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
      if (own) own.deliveries.push(delivery);
      else turns.set(sender, { deliveries: [delivery], next: 0 });
    },
    has: (sender) => turns.has(sender),
    shift: (may = () => true) => {
      for (const [sender, own] of turns) {
        if (!may(sender)) continue;
        const delivery = takeFrom(own);
        bytes -= sizeOf(delivery);
        length -= 1;
        if (own.next === own.deliveries.length) turns.delete(sender);
        else if (turns.size > 1) {
          turns.delete(sender);
          turns.set(sender, own);
        }
        return delivery;
      }
      return undefined;
    },
  };
}
