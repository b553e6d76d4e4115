// The settings of health and metrics: where broker and database are (of Kafka's brokers the first that is named), how large the database may be, and where a worker answers.
import * as z from 'zod';
import { BROKER_FIELDS, type BrokerSettings, brokerOf } from './broker.ts';
import { DATABASE_FIELDS, type DatabaseSettings, databaseOf } from './database.ts';
import { type Environment, read } from './environment.ts';
import { kafkaBroker, readsKafka } from './kafka.ts';

/** The settings. */
export interface HealthSettings extends DatabaseSettings, BrokerSettings {
  /** Address where a worker answers. */
  address: string;
  /** Size at which the database is full; undefined: not known. */
  databaseLimitBytes: number | undefined;
}

const PORT = {
  HEALTH_PORT: z
    .string()
    .regex(/^[1-9]\d{0,4}$/, 'must be a port, 1 to 65535')
    .transform(Number)
    .refine((port) => port <= 65_535, 'must be a port, 1 to 65535')
    .optional(),
};
const FIELDS = {
  ...DATABASE_FIELDS,
  HEALTH_ADDRESS: z.ipv4('must be an IPv4 address').default('127.0.0.1'),
  DATABASE_LIMIT_MB: z
    .string()
    .regex(/^[1-9]\d{0,8}$/, 'must be a whole number of megabytes')
    .transform((megabytes) => Number(megabytes) * 1e6)
    .optional(),
};

/** The port where a worker answers; undefined: it does not, and needs none of the others. The Function App has its own server. */
export const healthPort = (environment: Environment = process.env): number | undefined =>
  read(PORT, environment).HEALTH_PORT;

/** Reads them. @throws SettingsError listing every missing or bad setting at once. */
export function readHealthSettings(environment: Environment = process.env): HealthSettings {
  const broker = readsKafka(environment) ? kafkaBroker(environment) : brokerOf(read(BROKER_FIELDS, environment));
  const values = read(FIELDS, environment);
  return {
    ...databaseOf(values),
    ...broker,
    address: values.HEALTH_ADDRESS,
    databaseLimitBytes: values.DATABASE_LIMIT_MB,
  };
}
