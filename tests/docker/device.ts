// A device that publishes all along with QoS 1, and knows what was acknowledged when.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';
import type { Client } from 'pg';
import { telemetryTopic } from '../../domain/topics.ts';

/** How it reaches the broker. */
export interface Access {
  url: string;
  ca: string;
  tenant: string;
  device: string;
  key: string;
}

const EVERY_MS = 50;
const ARRIVAL_MS = 60_000;

/** It connects again by itself, and sends what was not acknowledged again. */
export class Device {
  readonly #client: mqtt.MqttClient;
  readonly #timer: NodeJS.Timeout;
  /** When each reading was acknowledged, by its id. */
  readonly acknowledged = new Map<string, number>();

  constructor({ url, ca, tenant, device, key }: Access) {
    const username = `${tenant}.${device}`;
    const identity = { username, password: key, clientId: username, ca, protocolVersion: 5 } as const;
    this.#client = mqtt.connect(url, { ...identity, reconnectPeriod: 300, reconnectOnConnackError: true });
    this.#client.on('error', () => {});
    this.#timer = setInterval(() => {
      if (!this.#client.connected) return;
      const id = randomUUID();
      const payload = JSON.stringify({ id, ts: new Date().toISOString(), value: 1 });
      this.#client.publish(telemetryTopic(tenant, device), payload, { qos: 1 }, (error) => {
        if (!error) this.acknowledged.set(id, Date.now());
      });
    }, EVERY_MS);
  }

  /** Acknowledged readings that are no rows, after those that wait had time. */
  async missing(connect: () => Promise<Client>): Promise<string[]> {
    const known = [...this.acknowledged.keys()];
    const deadline = Date.now() + ARRIVAL_MS;
    for (;;) {
      const client = await connect().catch(() => undefined);
      const { rows } = (await client?.query<{ id: string }>("select payload->>'id' as id from public.telemetry")) ?? {
        rows: undefined,
      };
      await client?.end();
      const stored = new Set(rows?.map(({ id }) => id));
      const missing = known.filter((id) => !stored.has(id));
      if (missing.length === 0 || Date.now() > deadline) return missing;
      await sleep(500);
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#client.endAsync();
  }
}
