// Messages that wait to be read: senders take turns, so that thousands of one do not keep another's waiting.
import type { Delivery } from '../source/delivery.ts';
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
  let sender = sendersByTopic.get(topic);
  if (sender === undefined) {
    const [first = '', second = ''] = topic.split('/', 2);
    sender = first === 'tenants' ? second : `/${first}`;
    if (sendersByTopic.size >= MOST_REMEMBERED) sendersByTopic.clear();
    sendersByTopic.set(topic, sender);
  }
  return sender;
}

/** The same devices publish again and again. */
const sendersByTopic = new Map<string, string>();
const MOST_REMEMBERED = 1_000;

/** What waits of a sender, from `next` on: shifting a long array would move everything behind the first. */
interface Waiting {
  sender: string;
  deliveries: Delivery[];
  next: number;
  /** Whose turn is next. */
  after: Waiting | undefined;
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
  const senders = new Map<string, Waiting>();
  /** Their turns, from the next one on: a list, because to put a map's key behind the others for each message costs more. */
  let first: Waiting | undefined;
  let last: Waiting | undefined;
  const append = (own: Waiting) => {
    if (last) last.after = own;
    else first = own;
    last = own;
  };
  const remove = (own: Waiting, before: Waiting | undefined) => {
    if (before) before.after = own.after;
    else first = own.after;
    if (last === own) last = before;
    own.after = undefined;
  };
  let bytes = 0;
  let length = 0;
  const sizeOf = ({ size, topic }: Delivery) => size + 2 * topic.length + OVERHEAD_BYTES;
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
      const own = senders.get(sender);
      if (own) {
        own.deliveries.push(delivery);
        return;
      }
      const added: Waiting = { sender, deliveries: [delivery], next: 0, after: undefined };
      senders.set(sender, added);
      append(added);
    },
    has: (sender) => senders.has(sender),
    shift: (may = () => true) => {
      let before: Waiting | undefined;
      for (let own = first; own; before = own, own = own.after) {
        if (!may(own.sender)) continue;
        const delivery = takeFrom(own);
        bytes -= sizeOf(delivery);
        length -= 1;
        remove(own, before);
        if (own.next === own.deliveries.length) senders.delete(own.sender);
        else append(own);
        return delivery;
      }
      return undefined;
    },
  };
}
