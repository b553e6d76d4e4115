// Devices under load: they publish with QoS 1, keep what was not acknowledged, and send it again after a reconnect.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';
import { deviceUsername } from '../../domain/identifiers.ts';
import { telemetryTopic } from '../../domain/topics.ts';
import { withConnection } from '../../provisioning/database/connect.ts';
import { addDevice } from '../../provisioning/database/registry.ts';

/** A device with its key. */
export interface LoadDevice {
  tenant: string;
  device: string;
  key: string;
}

/** Registers the devices, with their tenants. */
export function addLoadDevices(
  databaseUrl: string,
  names: readonly { tenant: string; device: string }[],
): Promise<LoadDevice[]> {
  return withConnection(databaseUrl, async (client) => {
    const devices: LoadDevice[] = [];
    for (const name of names) {
      const { key } = await addDevice(client, { ...name, createTenant: true });
      devices.push({ ...name, key });
    }
    return devices;
  });
}

/** The broker to publish to. */
export interface LoadTarget {
  url: string;
  certificates: { caFile: string };
}

/** Publishing devices. */
export interface Publishers {
  /** Ids of the messages the broker acknowledged. */
  acknowledged: ReadonlySet<string>;
  /** Publishes until `count` messages in all were sent; returns when each is acknowledged. */
  publish(count: number): Promise<void>;
  stop(): Promise<void>;
}

/** Unacknowledged messages a device may have under way. */
const IN_FLIGHT = 100;

/** Connects the devices. Each message has an id and the device's time: `{"id":"17","ts":…,"value":17}`. */
export async function startPublishers(broker: LoadTarget, devices: readonly LoadDevice[]): Promise<Publishers> {
  const acknowledged = new Set<string>();
  let next = 0;
  const clients = await Promise.all(
    devices.map(async ({ tenant, device, key }) => {
      const client = await connectOnceKnown(broker.url, {
        protocolVersion: 5,
        clientId: deviceUsername(tenant, device),
        username: deviceUsername(tenant, device),
        password: key,
        ca: readFileSync(broker.certificates.caFile),
        clean: false,
        properties: { sessionExpiryInterval: 300 },
        reconnectPeriod: 200,
      });
      client.on('error', () => {}); // The broker is killed on purpose; the client reconnects.
      return { client, topic: telemetryTopic(tenant, device) };
    }),
  );
  const publishOne = async ({ client, topic }: { client: mqtt.MqttClient; topic: string }) => {
    const id = String(next++);
    const payload = JSON.stringify({ id, ts: new Date().toISOString(), value: Number(id) });
    await client.publishAsync(topic, payload, { qos: 1 });
    acknowledged.add(id);
  };
  return {
    acknowledged,
    publish: async (count) => {
      const last = next + count;
      const lanes = clients.flatMap((client) => Array.from({ length: IN_FLIGHT }, () => client));
      await Promise.all(
        lanes.map(async (client) => {
          while (next < last) await publishOne(client);
        }),
      );
    },
    stop: async () => {
      await Promise.all(clients.map(({ client }) => client.endAsync(true)));
    },
  };
}

/** A device that was just added is refused until the broker has read the registry again. */
async function connectOnceKnown(url: string, options: mqtt.IClientOptions): Promise<mqtt.MqttClient> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await mqtt.connectAsync(url, options);
    } catch (error) {
      if (attempt === 50) throw error;
      await sleep(100);
    }
  }
}
