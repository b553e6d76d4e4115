// Ingest's settings on a cluster: the servers with ingest's account, and the database.
import type { ClusterAddress } from '../jetstream/jetstream-source.ts';
import { DATABASE_FIELDS, type DatabaseSettings, databaseOf } from './database.ts';
import { type Environment, pem, read, required } from './environment.ts';
import { LOG_FIELDS, type LogSettings, logOf } from './log.ts';

/** The settings. */
export interface ClusterSettings extends DatabaseSettings, LogSettings {
  cluster: ClusterAddress;
}

const SERVER = /^[A-Za-z0-9.-]+:\d{1,5}$/;

const FIELDS = {
  ...DATABASE_FIELDS,
  ...LOG_FIELDS,
  NATS_SERVERS: required('the servers, such as a.example.com:4222,b.example.com:4222')
    .transform((text) => text.split(','))
    .refine(
      (servers) => servers.every((server) => SERVER.test(server)),
      'must be host:port, several divided by commas',
    ),
  NATS_CA: pem,
  MQTT_BROKER_USERNAME: required("the ingest account's user name"),
  MQTT_BROKER_PASSWORD: required("the ingest account's key"),
};

/** Whether ingest reads from a cluster. */
export const hasCluster = (environment: Environment = process.env) => Boolean(environment.NATS_SERVERS);

/** Reads them. @throws SettingsError listing every missing or bad setting at once. */
export function readClusterSettings(environment: Environment = process.env): ClusterSettings {
  const values = read(FIELDS, environment);
  return {
    ...databaseOf(values),
    ...logOf(values),
    cluster: {
      servers: values.NATS_SERVERS,
      ca: values.NATS_CA,
      username: values.MQTT_BROKER_USERNAME,
      password: values.MQTT_BROKER_PASSWORD,
    },
  };
}
