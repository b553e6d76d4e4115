// What a device was told is safe is still there: after a stop, a reboot, a kill, on a new machine, and as a copy elsewhere.
import { setTimeout as sleep } from 'node:timers/promises';
import type { MqttClient } from 'mqtt';
import { type Check, expect, type Machine } from '../machine.ts';
import { connect, INGEST_SESSION, logins } from '../mqtt.ts';

const TOPIC = 'tenants/acme/devices/pump-1/telemetry';
const FILTER = 'tenants/+/devices/+/telemetry';
const MESSAGES = 5000;
const CONTAINER = 'broker-state';
/** save-state's period, and a second for the save itself: docs/durability.md. */
const LOSS_BOUND_SECONDS = 6;
const RATE = 200;

/** Ingest's session: it outlives its connection. */
const session = (machine: Machine): Promise<MqttClient> => connect(machine, logins(machine).ingest, INGEST_SESSION);

/** Takes what waits for ingest; the session is there from then on. */
export async function drain(machine: Machine): Promise<Set<string>> {
  const taken = new Set<string>();
  const ingest = await untilServed(() => session(machine));
  ingest.on('message', (_, payload) => taken.add(payload.toString()));
  await ingest.subscribeAsync(FILTER, { qos: 1 });
  for (let before = -1; before < taken.size; await sleep(1000)) before = taken.size;
  await ingest.endAsync();
  return taken;
}

/** Waits for a broker that is starting. */
async function untilServed<T>(act: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await act();
    } catch (error) {
      if (attempt === 60) throw error;
      await sleep(1000);
    }
  }
}

/** Queues messages and returns their numbers, each acknowledged. */
export async function queue(machine: Machine, count: number, prefix: string): Promise<string[]> {
  const device = await connect(machine, logins(machine).acme);
  const payloads = Array.from({ length: count }, (_, index) => `{"id":"${prefix}-${index}"}`);
  await Promise.all(payloads.map((payload) => device.publishAsync(TOPIC, payload, { qos: 1 })));
  await device.endAsync();
  return payloads;
}

/** Queues, does the damage, and counts what is missing. */
async function survives(machine: Machine, name: string, damage: () => Promise<unknown>): Promise<string> {
  await drain(machine);
  const queued = await queue(machine, MESSAGES, name);
  await damage();
  const left = await drain(machine);
  const lost = queued.filter((payload) => !left.has(payload)).length;
  expect(lost === 0, `${lost} of ${MESSAGES} lost`);
  return `0 of ${MESSAGES} lost`;
}

export const checks: Check[] = [
  {
    name: 'the broker’s state is saved every few seconds',
    // How far apart is said, not judged: a busy test host may stretch it. docs/durability.md has the bound.
    run: async ({ exec }) => {
      const savedAt = async () => Number((await exec('stat -c %.3Y /var/lib/mosquitto/mosquitto.db')).stdout);
      const newer = async (than: number) => {
        for (let look = 0; look < 60; look += 1) {
          const at = await savedAt();
          if (at > than) return at;
          await sleep(1000);
        }
        throw new Error('no save in a minute');
      };
      const first = await newer(await savedAt());
      const second = await newer(first);
      const { stdout } = await exec('cat /run/mqtt-saas-metrics/save-state/broker-state.prom');
      const [, took] = /^mqtt_saas_broker_state_save_duration_seconds ([\d.]+)$/m.exec(stdout) ?? [];
      expect(took, stdout);
      return `${(second - first).toFixed(1)} s apart, each in ${took} s`;
    },
  },
  {
    name: 'a copy of the state goes to Blob storage, and comes back',
    disturbs: true,
    run: async (machine) => {
      const { exec, services } = machine;
      await drain(machine);
      const queued = await queue(machine, 10, 'copied');
      const backup = await exec('systemctl start backup-state.service');
      expect(backup.code === 0, (await exec('journalctl -u rehearse-state -u backup-state --no-pager -n 20')).stdout);
      const copies = [...services.azure.blobs.keys()].filter((name) => name.startsWith(`${CONTAINER}/state-`));
      expect(copies.length > 0, 'nothing arrived');
      await drain(machine);
      const restore = await exec('/opt/mqtt-saas/current/bin/restore-state.py put latest');
      expect(restore.code === 0, restore.stdout + restore.stderr);
      const left = await drain(machine);
      expect(
        queued.every((payload) => left.has(payload)),
        `${left.size} of ${queued.length} came back`,
      );
      return copies.at(-1)?.replace(/^.*state-(\w+)-.*$/, '$1');
    },
  },
  {
    name: 'a stop of the broker loses nothing that is queued',
    disturbs: true,
    run: (machine) => survives(machine, 'stop', () => machine.exec('systemctl restart mosquitto')),
  },
  {
    name: 'a kill of the broker loses what came since the last save, no more',
    disturbs: true,
    run: async (machine) => {
      await drain(machine);
      const device = await connect(machine, logins(machine).acme);
      const acknowledged: string[] = [];
      device.on('error', () => {});
      const seconds = LOSS_BOUND_SECONDS + 2 + Math.random() * LOSS_BOUND_SECONDS;
      for (let number = 0; number < RATE * seconds; number += RATE / 20) {
        for (let next = number; next < number + RATE / 20; next += 1) {
          const payload = `{"id":"kill-${next}"}`;
          device.publishAsync(TOPIC, payload, { qos: 1 }).then(
            () => acknowledged.push(payload),
            () => {},
          );
        }
        await sleep(50);
      }
      await machine.exec('systemctl kill --signal=KILL mosquitto');
      await device.endAsync(true);
      const left = await drain(machine);
      const lost = acknowledged.filter((payload) => !left.has(payload)).length;
      expect(lost <= LOSS_BOUND_SECONDS * RATE, `${lost} of ${acknowledged.length} lost at ${RATE} a second`);
      return `${lost} of ${acknowledged.length} lost: ${(lost / RATE).toFixed(1)} s`;
    },
  },
  {
    name: 'a reboot of the machine loses nothing that is queued',
    disturbs: true,
    run: (machine) => survives(machine, 'reboot', () => machine.power.reboot()),
  },
  {
    name: 'a new machine with the same data disk loses nothing that is queued',
    disturbs: true,
    run: (machine) => survives(machine, 'replace', () => machine.power.replace()),
  },
];
