// The one reader of the environment. Every setting is named, explained and checked here.
import { existsSync, readFileSync } from 'node:fs';
import * as z from 'zod';
import { type DatabaseAddress, readDatabaseUrl } from '../database/address.ts';

/** How to reach the broker. */
export interface BrokerAddress {
  host: string;
  /** 1 to 65535. */
  port: number;
  /** False only towards loopback. */
  tls: boolean;
}

/** What ingest needs to know. */
export interface IngestSettings {
  broker: BrokerAddress;
  username: string;
  password: string;
  /** The account that this one takes over from; undefined except during a rotation. */
  previous: { username: string; password: string } | undefined;
  /** PEM of the CA to trust instead of the public ones. */
  ca: string | undefined;
  /** The lease's name in the database, and client id: the platform's broker names a session after its user. */
  clientId: string;
  database: DatabaseAddress;
  /** Most messages one timer run takes. */
  batchCap: number;
  /** Milliseconds after which a timer run takes no more messages and retries nothing. */
  timeGuardMs: number;
  logLevel: LogLevel;
  logPretty: boolean;
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1', '[::1]']);

/** Thrown when settings are missing or wrong; its message lists each with what to set, and never shows a value. */
export class SettingsError extends Error {
  override name = 'SettingsError';
}

const required = (what: string) => z.string({ error: `is missing: set ${what}` }).min(1, `is empty: set ${what}`);

const wholeNumber = (least: number, most: number, normal: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `must be a whole number from ${least} to ${most}`)
    .default(String(normal))
    .transform(Number)
    .refine((value) => value >= least && value <= most, `must be a whole number from ${least} to ${most}`);

/** Runs a reader inside a schema: what it throws becomes the setting's problem. */
const reading =
  <T>(read: (text: string) => T) =>
  (text: string, context: z.RefinementCtx): T => {
    try {
      return read(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
      return z.NEVER;
    }
  };

const pem = z.string().min(1).transform(reading(readPem)).optional();

const schema = z.object({
  MQTT_BROKER_URL: required('the broker, such as mqtts://mqtt.example.com:8883').transform(reading(readBrokerUrl)),
  MQTT_BROKER_USERNAME: required("the ingest account's user name"),
  MQTT_BROKER_PASSWORD: required("the ingest account's key"),
  MQTT_BROKER_PREVIOUS_USERNAME: z.string().optional(),
  MQTT_BROKER_PREVIOUS_PASSWORD: z.string().optional(),
  MQTT_BROKER_CA: pem,
  // Mosquitto takes any id; MQTT 5 guarantees these characters, and 23 of them (MQTT-3.1.3-5). 64 is our bound.
  MQTT_CLIENT_ID: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, "-" or "_"')
    .default('mqtt-ingest'),
  EXTERNAL_DATABASE_CONNECTION_STRING: required(
    'the database, such as postgres://mqtt_ingest:KEY@POOLER:6543/postgres',
  ),
  EXTERNAL_DATABASE_CA: pem,
  INGEST_BATCH_CAP: wholeNumber(1, 100_000_000, 1_000_000),
  INGEST_TIME_GUARD_MS: wholeNumber(1000, 3_600_000, 50_000),
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
  LOG_PRETTY: z.enum(['true', 'false', '1', '0'], 'must be true or false').default('false'),
});

const PREVIOUS = ['MQTT_BROKER_PREVIOUS_USERNAME', 'MQTT_BROKER_PREVIOUS_PASSWORD'] as const;

/**
 * Reads ingest's settings.
 * @throws SettingsError listing every missing or bad setting at once.
 */
export function readSettings(env: NodeJS.ProcessEnv): IngestSettings {
  const parsed = schema.safeParse(withoutEmpty(env));
  const problems = parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`);
  if (env[PREVIOUS[0]] && !env[PREVIOUS[1]]) problems.push(`${PREVIOUS[1]} is missing: set the key of that account`);
  let database: DatabaseAddress | undefined;
  const url = env.EXTERNAL_DATABASE_CONNECTION_STRING;
  if (url) {
    try {
      database = readDatabaseUrl(url, parsed.data?.EXTERNAL_DATABASE_CA);
    } catch (error) {
      problems.push(`EXTERNAL_DATABASE_CONNECTION_STRING ${(error as Error).message}`);
    }
  }
  if (!parsed.success || !database || problems.length > 0) {
    throw new SettingsError(
      `${problems.length} setting(s) to correct:\n${problems.map((line) => `  ${line}`).join('\n')}`,
    );
  }
  const values = parsed.data;
  return {
    broker: values.MQTT_BROKER_URL,
    username: values.MQTT_BROKER_USERNAME,
    password: values.MQTT_BROKER_PASSWORD,
    previous: readPrevious(values),
    ca: values.MQTT_BROKER_CA,
    clientId: values.MQTT_CLIENT_ID,
    database,
    batchCap: values.INGEST_BATCH_CAP,
    timeGuardMs: values.INGEST_TIME_GUARD_MS,
    logLevel: values.LOG_LEVEL,
    logPretty: values.LOG_PRETTY === 'true' || values.LOG_PRETTY === '1',
  };
}

/** Both or none: with half of it, what waits for that account would stay where it is. */
function readPrevious(values: z.output<typeof schema>): IngestSettings['previous'] {
  const { MQTT_BROKER_PREVIOUS_USERNAME: username, MQTT_BROKER_PREVIOUS_PASSWORD: password } = values;
  return username !== undefined && password !== undefined ? { username, password } : undefined;
}

/** An empty setting is a missing one: that is how templates and the portal leave what nobody filled in. */
function withoutEmpty(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
}

function readBrokerUrl(text: string): BrokerAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url?.hostname || !['mqtts:', 'mqtt:'].includes(url.protocol)) {
    throw new Error('must be a URL such as mqtts://mqtt.example.com:8883');
  }
  const tls = url.protocol === 'mqtts:';
  if (!tls && !LOOPBACK.has(url.hostname)) {
    throw new Error('must begin with mqtts:// (plain mqtt:// is for loopback only)');
  }
  if (url.username || url.password) {
    throw new Error('must not hold a user or password: use MQTT_BROKER_USERNAME and MQTT_BROKER_PASSWORD');
  }
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || (tls ? 8883 : 1883)), tls };
}

/** PEM text, also with its line breaks written as \n as some portals store it, or the path of a PEM file. */
function readPem(text: string): string {
  const isText = text.includes('-----BEGIN');
  if (!isText && !existsSync(text)) throw new Error('is neither PEM text nor the path of a readable file');
  const content = isText ? text.replaceAll('\\n', '\n') : readFileSync(text, 'utf8');
  if (!content.includes('-----BEGIN CERTIFICATE-----')) throw new Error('holds no PEM certificate');
  return content;
}
