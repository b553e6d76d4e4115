// A session whose source is the MQTT broker.

import { handOver } from './account-handover.ts';
import { type MqttSessionOptions, mqttSource } from './mqtt-source.ts';
import { runSession, type SessionEnd } from './session.ts';

/** Runs it, after what waits for the previous account, if there is one, has been taken over. @throws as {@link runSession}. */
export async function runMqttSession(session: MqttSessionOptions): Promise<SessionEnd> {
  const { previous } = session.settings;
  const handedOver = previous ? await handOver(session, previous) : 'idle';
  return handedOver === 'idle' ? runSession({ ...session, open: await mqttSource(session) }) : handedOver;
}
