// A session with the source that the settings name.

import type { IngestSettings } from '../settings/ingest.ts';
import type { KafkaSettings } from '../settings/kafka.ts';
import { runMqttSession } from './mqtt-session.ts';
import { runSession, type SessionEnd, type SessionOptions } from './session.ts';

/** Of the one source or the other. */
export type SourceSettings = IngestSettings | KafkaSettings;

/** Runs it. @throws as {@link runSession}. */
export async function runFrom(settings: SourceSettings, session: Omit<SessionOptions, 'open'>): Promise<SessionEnd> {
  if (!('kafka' in settings)) return runMqttSession({ ...session, settings });
  // Loaded by those alone who read Kafka.
  const { kafkaSource } = await import('../kafka/index.ts');
  return runSession({ ...session, open: kafkaSource(settings.kafka) });
}
