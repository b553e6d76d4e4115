// Messages that wait to be read: tenants take turns, so that thousands of one do not keep another's waiting.
import type { Delivery } from '../broker/index.ts';
import { OVERHEAD_BYTES } from './memory-estimate.ts';

/** Of each tenant, first come, first served. */
export interface FairQueue {
  /** Memory held, in bytes: messages as they came. */
  readonly bytes: number;
  readonly length: number;
  push(delivery: Delivery): void;
  /** The next tenant's oldest message. */
  shift(): Delivery | undefined;
}

/** Of a former topic the first level, of a device's topic the tenant: who published it, as far as that can be told unread. */
function senderOf(topic: string): string {
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
      const sender = senderOf(delivery.topic);
      const own = turns.get(sender);
      if (own) own.push(delivery);
      else turns.set(sender, [delivery]);
    },
    shift: () => {
      const first = turns.entries().next().value;
      if (first === undefined) return undefined;
      const [sender, own] = first;
      const delivery = own.shift() as Delivery;
      bytes -= sizeOf(delivery);
      length -= 1;
      turns.delete(sender);
      if (own.length > 0) turns.set(sender, own);
      return delivery;
    },
  };
}
