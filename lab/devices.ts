// The devices of a laboratory: registered, with their keys, and ready to publish to its broker.
import { readFileSync } from 'node:fs';
import mqtt from 'mqtt';
import { telemetryTopic } from '../domain/topics.ts';
import type { DeviceKey, DeviceName } from '../provisioning/database/registry.ts';
import type { Mosquitto } from './mosquitto.ts';

/** A device that is registered and may publish. */
export interface LabDevice extends DeviceName, Omit<DeviceKey, 'deviceId'> {
  id: string;
  topic: string;
  /** Connects, publishes in order with QoS 1 (or as told), and disconnects when all is acknowledged. */
  publish(payloads: readonly (string | Buffer)[], options?: mqtt.IClientPublishOptions): Promise<void>;
  /** A connection of its own, to be ended by the caller. */
  connect(options?: mqtt.IClientOptions): Promise<mqtt.MqttClient>;
}

/** `count` devices of the tenant `acme`, then one of `umbrella`. */
export const manyNames = (count: number): DeviceName[] => [
  ...Array.from({ length: count }, (_, index) => ({ tenant: 'acme', device: `pump-${index + 1}` })),
  { tenant: 'umbrella', device: 'hive' },
];

/** Connects with MQTT 5 and strict TLS. @param retries false: a refusal is an error. Default: the client tries again. */
export function connectTo(
  { url, certificates }: Mosquitto,
  username: string,
  password: string,
  more?: mqtt.IClientOptions,
  retries = true,
): Promise<mqtt.MqttClient> {
  const ca = readFileSync(certificates.caFile);
  return mqtt.connectAsync(url, { username, password, protocolVersion: 5, ca, ...more }, retries);
}

/** @param broker the one that runs now. */
export function labDevice({ deviceId, ...device }: DeviceName & DeviceKey, broker: () => Mosquitto): LabDevice {
  const { tenant, username, key } = device;
  const topic = telemetryTopic(tenant, device.device);
  const connect = (more?: mqtt.IClientOptions) => connectTo(broker(), username, key, { clientId: username, ...more });
  return {
    ...device,
    id: deviceId,
    topic,
    connect,
    publish: async (payloads, options = {}) => {
      const client = await connect();
      await Promise.all(payloads.map((payload) => client.publishAsync(topic, payload, { qos: 1, ...options })));
      await client.endAsync();
    },
  };
}
