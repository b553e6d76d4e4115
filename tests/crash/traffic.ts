// A device that publishes all the time, through restarts of the broker, and remembers when each message was acknowledged.
import { setTimeout as sleep } from 'node:timers/promises';
import type { MqttClient } from 'mqtt';
import type { Machine } from '../machine/machine.ts';
import { connect, INGEST_SESSION, logins } from '../machine/mqtt.ts';

const TOPIC = 'tenants/acme/devices/pump-1/telemetry';
const FILTER = 'tenants/+/devices/+/telemetry';
/** Messages a second. */
const RATE = 20;

/** Ingest's session: it outlives its connection. */
const session = (machine: Machine): Promise<MqttClient> => connect(machine, logins(machine).ingest, INGEST_SESSION);

/** Takes what waits for ingest; the session is there from then on. @throws Error when the broker does not serve in time. */
export async function drain(machine: Machine, patienceMs = 120_000): Promise<Set<string>> {
  const taken = new Set<string>();
  const ingest = await untilServed(() => session(machine), patienceMs);
  ingest.on('message', (_, payload) => taken.add(payload.toString()));
  await ingest.subscribeAsync(FILTER, { qos: 1 });
  for (let before = -1; before < taken.size; await sleep(1500)) before = taken.size;
  await ingest.endAsync();
  return taken;
}

async function untilServed<T>(act: () => Promise<T>, patienceMs: number): Promise<T> {
  for (const end = Date.now() + patienceMs; ; await sleep(1000)) {
    try {
      return await act();
    } catch (error) {
      if (Date.now() > end) throw new Error(`the broker does not serve: ${(error as Error).message}`);
    }
  }
}

/** Messages and when each was acknowledged, milliseconds since 1970. */
export class Traffic {
  readonly acknowledged: { payload: string; at: number }[] = [];
  #stopped = false;
  #ended: Promise<void> | undefined;

  start(machine: Machine): void {
    this.#ended = this.#run(machine);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#ended;
  }

  async #run(machine: Machine): Promise<void> {
    for (let number = 0; !this.#stopped; await sleep(500)) {
      const device = await connect(machine, logins(machine).acme).catch(() => undefined);
      let isUp = device !== undefined;
      device
        ?.on('error', () => {})
        .once('close', () => {
          isUp = false;
        });
      for (; device && isUp && !this.#stopped; await sleep(1000 / RATE)) {
        const payload = `{"id":"crash-${number++}"}`;
        device.publishAsync(TOPIC, payload, { qos: 1 }).then(
          () => this.acknowledged.push({ payload, at: Date.now() }),
          () => {},
        );
      }
      await device?.endAsync(true);
    }
  }
}
