// How far each partition is done: up to where everything that came is in the database.

import type { Delivery } from '../source/delivery.ts';

/** Keeps it, over rebalances and connections. It holds numbers only: what waits for another record takes no memory. */
export interface Offsets {
  /** A record has come. Its `lane` is its partition, and its `tag` the offset that follows it. */
  add(delivery: Delivery): void;
  /** These are done with, in any order. */
  settle(deliveries: readonly Delivery[]): void;
  /** The offsets that may be committed, by partition: of those that have moved since they were `committed`. */
  open(): Map<number, number>;
  committed(offsets: ReadonlyMap<number, number>): void;
}

/** A record: the offset that follows it, and whether it is done with. */
interface Entry {
  next: number;
  isDone: boolean;
}

interface Partition {
  /** In the order in which they came; those before `first` are done with. */
  entries: Entry[];
  first: number;
  done: number;
  committed: number;
}

/**
 * A worker begins a partition where the group has committed, goes on record by record, and goes back after a rebalance. So when all that
 * came before a record is in the database, everything up to it is: by this process, or by the one that had committed. That holds
 * whichever worker has the partition by now: a commit that comes too late may set the group back, and then records come again, but never forward.
 */
export function createOffsets(): Offsets {
  const partitions = new Map<number, Partition>();
  const entries = new Map<Delivery, Entry>();

  /** Passes what is done with. */
  function advance(partition: Partition): void {
    for (; partition.entries[partition.first]?.isDone; partition.first++) {
      partition.done = Math.max(partition.done, (partition.entries[partition.first] as Entry).next);
    }
    if (partition.first <= partition.entries.length / 2) return;
    partition.entries = partition.entries.slice(partition.first);
    partition.first = 0;
  }

  return {
    add: (delivery) => {
      let partition = partitions.get(delivery.lane);
      if (partition === undefined) {
        partition = { entries: [], first: 0, done: 0, committed: 0 };
        partitions.set(delivery.lane, partition);
      }
      const entry = { next: delivery.tag, isDone: false };
      partition.entries.push(entry);
      entries.set(delivery, entry);
    },
    settle: (deliveries) => {
      for (const delivery of deliveries) {
        const entry = entries.get(delivery);
        if (entry) entry.isDone = true;
        entries.delete(delivery);
      }
      for (const lane of new Set(deliveries.map((delivery) => delivery.lane))) {
        const partition = partitions.get(lane);
        if (partition) advance(partition);
      }
    },
    open: () => {
      const open = new Map<number, number>();
      for (const [lane, { done, committed }] of partitions) if (done > committed) open.set(lane, done);
      return open;
    },
    committed: (offsets) => {
      for (const [lane, offset] of offsets) {
        const partition = partitions.get(lane);
        if (partition) partition.committed = Math.max(partition.committed, offset);
      }
    },
  };
}
