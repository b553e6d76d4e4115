// Ingest without a broker: batches made by hand, written by the real store into a real database.

import { type Database, openDatabase } from '../../functions/database/connection.ts';
import { acquireLease } from '../../functions/database/lease.ts';
import type { Written } from '../../functions/ingest/accounting.ts';
import { Batch } from '../../functions/ingest/batch.ts';
import { createRegistry } from '../../functions/ingest/registry.ts';
import { createStore, type Store } from '../../functions/ingest/store.ts';
import { encodePrefix } from '../../functions/ingest/write.ts';
import { Delivery } from '../../functions/source/delivery.ts';
import type { Lab, LabDevice } from '../../lab/lab.ts';

/** A store that holds its lease. */
export interface StoreRig {
  store: Store;
  /** Writes payloads of a device as one batch; QoS 0, received now, unless told otherwise. */
  write(device: LabDevice, payloads: readonly (string | Buffer)[], more?: Facts): Promise<Written>;
  /** A batch to be written, and written again. */
  batchFrom(deliveries: readonly Delivery[]): Batch;
  /** The same, of payloads of one device. */
  batchOf(device: LabDevice, payloads: readonly (string | Buffer)[], more?: Facts): Batch;
  stop(): Promise<void>;
}

/**
 * Takes the lease `name` and opens a store. Devices are looked up again with each batch.
 * @param watch gives what the store sees of its database. Default: the database itself.
 */
export async function openStoreRig(
  rig: Lab,
  name: string,
  overrides?: Record<string, string>,
  watch = (database: Database) => database,
): Promise<StoreRig> {
  const database = openDatabase(rig.settings(name, overrides).database);
  const lease = await acquireLease(database, name);
  if (!lease) throw new Error(`the lease ${name} is taken`);
  const store = createStore(watch(database), lease, name);
  const batchFrom: StoreRig['batchFrom'] = (deliveries) => {
    const batch = new Batch(createRegistry(database, encodePrefix, Date.now));
    for (const delivery of deliveries) batch.add(delivery);
    return batch;
  };
  const batchOf: StoreRig['batchOf'] = (device, payloads, more) =>
    batchFrom(payloads.map((payload) => deliveryTo(device.topic, payload, more)));
  return {
    store,
    batchFrom,
    batchOf,
    write: (...args) => store.write(batchOf(...args)),
    stop: async () => {
      await lease.release();
      await database.close();
    },
  };
}

/** A delivery as the broker would bring it. */
export function deliveryTo(topic: string, payload: string | Buffer, more: Facts = {}): Delivery {
  const { tag = 0, again = false, lane = 1, receivedAt = Date.now(), truncated = false } = more;
  const bytes = Buffer.from(payload as string);
  const delivery = new Delivery(topic, bytes, 0, bytes.length, truncated, tag, again, lane, receivedAt);
  delivery.properties = more.properties;
  delivery.stamp = more.stamp;
  return delivery;
}

/** What a delivery has beside topic and payload. */
type Facts = Partial<Omit<Delivery, 'topic' | 'bytes' | 'from' | 'to' | 'size' | 'payload'>>;

/** The same message, with some facts changed. */
export const likeIt = (delivery: Delivery, more: Facts) =>
  deliveryTo(delivery.topic, delivery.payload, { ...delivery, ...more });
