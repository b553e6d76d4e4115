// Ingest's session on the MQTT broker as a source: the devices' topics, what the gate refused, and the topics kept from before.

import { CANARY_TOPIC } from '../../domain/topics.ts';
import { createStampReader, NO_MATCHING_SUBSCRIBERS, nameReason, startConsumer } from '../broker/index.ts';
import type { Database } from '../database/connection.ts';
import type { Lease } from '../database/lease.ts';
import type { Logger } from '../runtime/log.ts';
import { pause } from '../runtime/retry.ts';
import type { IngestSettings } from '../settings/ingest.ts';
import type { CanaryWay, OpenSource } from '../source/source.ts';
import { type FormerWatch, watchFormer } from './former-topics.ts';
import { createRefusals } from './refusals.ts';
import type { SessionOptions } from './session.ts';

/** What an MQTT session has beside its source. */
export type MqttSessionOptions = Omit<SessionOptions, 'open'> & { settings: IngestSettings };

/** Whose session, and what becomes of it. */
export interface MqttSourceOptions {
  settings: IngestSettings;
  database: Database;
  lease: Lease;
  log: Logger;
  /** Drains the session and ends its subscription: nothing more is queued for it. Default: false. */
  leaving?: boolean;
  /** Topics that devices keep from before the platform. Default: as the database has them. */
  former?: FormerWatch;
}

/** Messages the broker may send ahead of their acknowledgement; MAX_BATCH_BYTES in drain.ts is the tighter bound. */
const RECEIVE_MAXIMUM = 10_000;
const LOOK_EVERY_MS = 50;

/** @returns what opens the session. */
export async function mqttSource({ leaving = false, ...options }: MqttSourceOptions): Promise<OpenSource> {
  const { settings, database, lease, log } = options;
  const former = options.former ?? (await watchFormer(database, log));
  return ({ onDelivery, cap, now, receipt }) => {
    const closing = new AbortController();
    const refusals = createRefusals(database, lease, log, now);
    const consumer = startConsumer({
      ...settings,
      subscription: leaving ? 'end' : 'make',
      former: former.filters,
      readStamp: settings.gateKey && createStampReader(settings.gateKey),
      receiveMaximum: Math.min(RECEIVE_MAXIMUM, cap),
      onDelivery: (delivery) => {
        if (!refusals.take(delivery)) onDelivery(delivery);
      },
      now,
      receipt,
      log,
    });
    const keepRefusals = async () => {
      while (!closing.signal.aborted) {
        void refusals.write();
        await pause(LOOK_EVERY_MS, closing.signal);
      }
    };
    void keepRefusals();
    // Not while leaving: what the next account has not subscribed to stays with this one.
    if (!leaving) void former.follow(closing.signal, () => consumer.resubscribe());
    const canary: CanaryWay = {
      send: async (payload) => {
        const reason = await consumer.publish(CANARY_TOPIC, payload);
        if (reason >= 0x80) return { refused: nameReason(reason) };
        return reason === NO_MATCHING_SUBSCRIBERS ? 'unheard' : 'taken';
      },
      renew: () => consumer.resubscribe(),
    };
    return {
      ...consumer,
      // A session of the broker belongs to a user, too: packet identifiers and canaries of two are not comparable.
      name: `${settings.clientId} ${settings.username}`,
      canary: leaving ? undefined : canary,
      close: async () => {
        closing.abort();
        if (!lease.lost.aborted) await refusals.write(true);
        await consumer.stop();
      },
    };
  };
}
