// Ingest's settings: the broker with its account, the database, the bounds of a run.
import * as z from 'zod';
import { INGEST_RUN } from '../../domain/ingest-run.ts';
import { type BrokerAddress, readBrokerUrl } from '../broker/index.ts';
import { BROKER_FIELDS, type BrokerSettings, brokerOf } from './broker.ts';
import { DATABASE_FIELDS, type DatabaseSettings, databaseOf } from './database.ts';
import { type Environment, read, reading, required, wholeNumber } from './environment.ts';
import { LOG_FIELDS, type LogSettings, logOf } from './log.ts';

/** An account on the broker. */
export interface Account {
  username: string;
  password: string;
}

/** The settings. */
export interface IngestSettings extends BrokerSettings, Account, DatabaseSettings, LogSettings {
  /** Brokers to drain, one or two; the first one's lease is named after `clientId`. Where there is no standby: `broker` alone. */
  brokers: readonly BrokerAddress[];
  /** The account that this one replaces; undefined except during a rotation. */
  previous: Account | undefined;
  /** The key of the stamps that the broker's gate makes; undefined: none are expected. */
  gateKey: Buffer | undefined;
  /** The lease's name in the database, and client id: the platform's broker names a session after its user. */
  clientId: string;
  /** Maximum number of messages in a timer run. */
  batchCap: number;
  /** Milliseconds after which a timer run takes no more messages and retries nothing. */
  timeGuardMs: number;
}

const FIELDS = {
  ...BROKER_FIELDS,
  ...DATABASE_FIELDS,
  ...LOG_FIELDS,
  MQTT_BROKER_USERNAME: required("the ingest account's user name"),
  MQTT_BROKER_PASSWORD: required("the ingest account's key"),
  MQTT_BROKER_PREVIOUS_USERNAME: z.string().optional(),
  MQTT_BROKER_PREVIOUS_PASSWORD: z.string().optional(),
  MQTT_INGEST_URLS: z.string().transform(reading(readBrokerUrls)).optional(),
  MQTT_GATE_KEY: z.string().transform(reading(readGateKey)).optional(),
  // Mosquitto takes any id; MQTT 5 guarantees these characters, and 23 of them (MQTT-3.1.3-5). 64 is our bound.
  MQTT_CLIENT_ID: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, "-" or "_"')
    .default('mqtt-ingest'),
  INGEST_BATCH_CAP: wholeNumber(1, 100_000_000, INGEST_RUN.batchCap.normal),
  INGEST_TIME_GUARD_MS: wholeNumber(INGEST_RUN.timeGuardMs.least, 3_600_000, INGEST_RUN.timeGuardMs.normal),
};

/** Reads ingest's settings. @throws SettingsError listing every missing or bad setting at once. */
export function readIngestSettings(environment: Environment = process.env): IngestSettings {
  const values = read(FIELDS, environment, problemsBetween);
  return {
    ...brokerOf(values),
    ...databaseOf(values),
    ...logOf(values),
    username: values.MQTT_BROKER_USERNAME,
    password: values.MQTT_BROKER_PASSWORD,
    brokers: values.MQTT_INGEST_URLS ?? [values.MQTT_BROKER_URL],
    previous: previousOf(values),
    gateKey: values.MQTT_GATE_KEY,
    clientId: values.MQTT_CLIENT_ID,
    batchCap: values.INGEST_BATCH_CAP,
    timeGuardMs: values.INGEST_TIME_GUARD_MS,
  };
}

/** A broker and its standby, separated by a space or a comma: by names of their own, because the devices' name moves from one to the other. */
function readBrokerUrls(text: string): BrokerAddress[] {
  const brokers = text
    .trim()
    .split(/[\s,]+/)
    .map(readBrokerUrl);
  const different = new Set(brokers.map(({ host, port }) => `${host}:${port}`));
  if (brokers.length > 2 || different.size < brokers.length) throw new Error('must hold one or two different URLs');
  return brokers;
}

/** 128 bits in hexadecimal. The error shows nothing of it. */
function readGateKey(text: string): Buffer {
  if (!/^[0-9a-f]{32}$/.test(text)) throw new Error('is not 32 lower-case hexadecimal digits');
  return Buffer.from(text, 'hex');
}

const problemsBetween = (given: Environment) =>
  given.MQTT_BROKER_PREVIOUS_USERNAME && !given.MQTT_BROKER_PREVIOUS_PASSWORD
    ? ['MQTT_BROKER_PREVIOUS_PASSWORD is missing: set the key of that account']
    : [];

/** Both or none: with only one of them, the old account's messages would stay on the broker. */
function previousOf(values: z.output<z.ZodObject<typeof FIELDS>>): Account | undefined {
  const { MQTT_BROKER_PREVIOUS_USERNAME: username, MQTT_BROKER_PREVIOUS_PASSWORD: password } = values;
  return username !== undefined && password !== undefined ? { username, password } : undefined;
}
