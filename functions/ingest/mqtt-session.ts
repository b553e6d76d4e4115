// A session whose source is the MQTT broker.

import type { IngestSettings } from '../settings/ingest.ts';
import { handOver } from './account-handover.ts';
import { mqttSource } from './mqtt-source.ts';
import { runSession, type SessionEnd, type SessionOptions } from './session.ts';

/** What a session has beside its source. */
export type MqttSessionOptions = Omit<SessionOptions, 'open'> & { settings: IngestSettings };

/** Runs it, after what waits for the previous account, if there is one, has been taken over. @throws as {@link runSession}. */
export async function runMqttSession(session: MqttSessionOptions): Promise<SessionEnd> {
  const { previous } = session.settings;
  const handedOver = previous ? await handOver(session, previous) : 'idle';
  return handedOver === 'idle' ? runSession({ ...session, open: await mqttSource(session) }) : handedOver;
}
