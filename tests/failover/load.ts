// Devices that know one name: each publishes one reading after the other, waits for the acknowledgement, and connects again when none
// comes, as docs/devices.md asks of them. What is acknowledged is noted, with the machine that did it.
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';
import type { LabDevice } from '../../lab/lab.ts';
import { ADDRESSES, type Role } from './network.ts';

/** Milliseconds. */
const BETWEEN_MS = 100;
const ACKNOWLEDGED_WITHIN_MS = 10_000;

/** Running devices. */
export interface Load {
  /** Numbers of acknowledged readings, by the machine that acknowledged them. */
  acknowledged: Record<Role, Set<number>>;
  stop(): Promise<void>;
}

/** Starts them. Readings are `{"n":…}`, those of every second device with the time. */
export async function startLoad(devices: readonly LabDevice[], host: string, ca: string): Promise<Load> {
  const acknowledged: Load['acknowledged'] = { primary: new Set(), standby: new Set() };
  const ending = new AbortController();
  let next = 0;

  const device = async ({ username, key, topic }: LabDevice, hasClock: boolean) => {
    const client = await mqtt.connectAsync(`mqtts://${host}:8883`, {
      username,
      password: key,
      clientId: username,
      protocolVersion: 5,
      ca,
      clean: false,
      properties: { sessionExpiryInterval: 3600 },
      keepalive: 15,
      connectTimeout: 5_000,
      reconnectPeriod: 1_000,
    });
    client.on('error', () => {});
    const addressNow = () => (client.stream as unknown as { remoteAddress?: string }).remoteAddress;
    while (!ending.signal.aborted) {
      next += 1;
      const n = next;
      const payload = JSON.stringify({ n, ...(hasClock && { ts: Date.now() }) });
      const published = client.publishAsync(topic, payload, { qos: 1 });
      let by: Role | undefined;
      void published.then(
        () => {
          by = addressNow() === ADDRESSES.primary ? 'primary' : 'standby';
          acknowledged[by].add(n);
        },
        () => {},
      );
      for (let waited = 0; by === undefined && !ending.signal.aborted; waited += BETWEEN_MS) {
        await sleep(BETWEEN_MS);
        // The client sends it again by itself, on the next connection.
        if (waited > 0 && waited % ACKNOWLEDGED_WITHIN_MS === 0 && client.connected) client.stream.destroy();
      }
    }
    await client.endAsync(true);
  };
  const running = devices.map((one, index) => device(one, index % 2 === 0));
  await sleep(2_000);
  return {
    acknowledged,
    stop: async () => {
      ending.abort();
      await Promise.all(running);
    },
  };
}
