// How a job reaches the broker.
import * as z from 'zod';
import { type BrokerAddress, readBrokerUrl } from '../broker/index.ts';
import { pem, reading, required } from './environment.ts';

/** Where the broker is. Each job signs in with an account of its own. */
export interface BrokerSettings {
  broker: BrokerAddress;
  /** PEM of the CA to trust instead of the public ones. */
  ca: string | undefined;
}

/** The fields of {@link brokerOf}. */
export const BROKER_FIELDS = {
  MQTT_BROKER_URL: required('the broker, such as mqtts://mqtt.example.com:8883').transform(reading(readBrokerUrl)),
  MQTT_BROKER_CA: pem,
  MQTT_BROKER_CERTIFIED_AS: z.hostname('must be a DNS name').optional(),
};

/** The settings from the fields' values. */
export function brokerOf(values: z.output<z.ZodObject<typeof BROKER_FIELDS>>): BrokerSettings {
  const certifiedAs = values.MQTT_BROKER_CERTIFIED_AS;
  return {
    broker: certifiedAs === undefined ? values.MQTT_BROKER_URL : { ...values.MQTT_BROKER_URL, certifiedAs },
    ca: values.MQTT_BROKER_CA,
  };
}
