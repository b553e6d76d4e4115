// The settings of ingest from Kafka, or from Event Hubs through its Kafka endpoint.
import { hostname } from 'node:os';
import * as z from 'zod';
import type { KafkaAddress } from '../kafka/index.ts';
import type { BrokerSettings } from './broker.ts';
import { DATABASE_FIELDS, type DatabaseSettings, databaseOf } from './database.ts';
import { type Environment, pem, read, reading, required } from './environment.ts';
import { LOG_FIELDS, type LogSettings, logOf } from './log.ts';

/** The settings. */
export interface KafkaSettings extends DatabaseSettings, LogSettings {
  kafka: KafkaAddress;
  /** The lease's name in the database: each worker has its own. */
  clientId: string;
}

const FIELDS = {
  ...DATABASE_FIELDS,
  ...LOG_FIELDS,
  KAFKA_BROKERS: required('brokers, such as NAMESPACE.servicebus.windows.net:9093').transform(reading(readBrokers)),
  KAFKA_TOPIC: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,249}$/, 'must be 1 to 249 letters, digits, ".", "_" or "-"')
    .default('telemetry'),
  KAFKA_GROUP: z.string().min(1).max(256).default('mqtt-ingest'),
  KAFKA_CLIENT_ID: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 letters, digits, ".", "_" or "-"')
    .optional(),
  KAFKA_RECORDS: z.enum(['plain', 'event-grid'], { error: 'must be plain or event-grid' }).default('plain'),
  KAFKA_USERNAME: z.string().optional(),
  KAFKA_PASSWORD: z.string().optional(),
  KAFKA_CA: pem,
};

/** Whether ingest is to read Kafka, and not the MQTT broker. */
export const readsKafka = ({ KAFKA_BROKERS, KAFKA_BROKERS_FILE }: Environment = process.env): boolean =>
  Boolean(KAFKA_BROKERS || KAFKA_BROKERS_FILE);

/** Reads them. @throws SettingsError listing every missing or bad setting at once. */
export function readKafkaSettings(environment: Environment = process.env): KafkaSettings {
  const values = read(FIELDS, environment, problemsBetween);
  const { KAFKA_BROKERS: brokers, KAFKA_USERNAME: username, KAFKA_PASSWORD: password } = values;
  const clientId = values.KAFKA_CLIENT_ID ?? hostname();
  return {
    ...databaseOf(values),
    ...logOf(values),
    clientId,
    kafka: {
      brokers,
      topic: values.KAFKA_TOPIC,
      group: values.KAFKA_GROUP,
      clientId,
      form: values.KAFKA_RECORDS,
      tls: brokers.every(isOnLoopback) ? undefined : { ca: values.KAFKA_CA },
      account: username !== undefined && password !== undefined ? { username, password } : undefined,
    },
  };
}

/** The first broker that is named, for a look whether it answers. @throws SettingsError */
export function kafkaBroker(environment: Environment): BrokerSettings {
  const { brokers, tls } = readKafkaSettings(environment).kafka;
  const [, host = '', port] = /^(.*):(\d+)$/.exec(brokers[0] as string) ?? [];
  return { broker: { host: host.replace(/^\[|\]$/g, ''), port: Number(port), tls: tls !== undefined }, ca: tls?.ca };
}

const BROKER = /^(?:[A-Za-z0-9.-]+|\[[0-9a-f:]+\]):\d{1,5}$/;

function readBrokers(text: string): string[] {
  const brokers = text.split(',').map((broker) => broker.trim());
  if (!brokers.every((broker) => BROKER.test(broker))) throw new Error('must be HOST:PORT, or several with commas');
  return brokers;
}

const isOnLoopback = (broker: string) => /^(localhost|127(\.\d{1,3}){3}|\[::1\]):/.test(broker);

const problemsBetween = ({ KAFKA_USERNAME: username, KAFKA_PASSWORD: password }: Environment) =>
  Boolean(username) === Boolean(password)
    ? []
    : ['KAFKA_USERNAME and KAFKA_PASSWORD belong together: set both, or none'];
