// The settings of the control loop: the broker with the control account, and the database.
import * as z from 'zod';
import { SERVICE_USERNAME } from '../../domain/identifiers.ts';
import { BROKER_FIELDS, type BrokerSettings, brokerOf } from './broker.ts';
import { DATABASE_FIELDS, type DatabaseSettings, databaseOf } from './database.ts';
import { type Environment, read, required } from './environment.ts';

/** The control account's usual name on the broker. */
export const CONTROL_USERNAME = 'svc-control';

/** The settings. */
export interface ControlSettings extends BrokerSettings, DatabaseSettings {
  username: string;
  password: string;
}

const FIELDS = {
  ...BROKER_FIELDS,
  ...DATABASE_FIELDS,
  MQTT_CONTROL_USERNAME: z
    .string()
    .regex(SERVICE_USERNAME, 'is not the name of a service account')
    .default(CONTROL_USERNAME),
  MQTT_CONTROL_BROKER_URL: BROKER_FIELDS.MQTT_BROKER_URL.optional(),
  MQTT_CONTROL_PASSWORD: required("the control account's key"),
};

/** Reads them. @throws SettingsError listing every missing or bad setting at once. */
export function readControlSettings(environment: Environment = process.env): ControlSettings {
  const values = read(FIELDS, environment);
  const at = values.MQTT_CONTROL_BROKER_URL ?? values.MQTT_BROKER_URL;
  return {
    ...brokerOf({ ...values, MQTT_BROKER_URL: at }),
    ...databaseOf(values),
    username: values.MQTT_CONTROL_USERNAME,
    password: values.MQTT_CONTROL_PASSWORD,
  };
}
