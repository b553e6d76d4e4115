// Who may publish and read what: shown by what is delivered, because Mosquitto says yes to a subscription and an MQTT 3
// publish that it then ignores. Every refusal has its twin that is served.
import type { MqttClient } from 'mqtt';
import { type Check, expect, type Machine } from '../machine.ts';
import { arrived, connect, inbox, type Login, logins, refusal } from '../mqtt.ts';

const ACME = 'tenants/acme/devices/pump-1';
const GLOBEX = 'tenants/globex/devices/meter-1';
const NOT_AUTHORIZED = /^(5|134|135):/;

/** Connects these, runs `act`, disconnects them. */
async function withClients(machine: Machine, who: Login[], act: (...clients: MqttClient[]) => Promise<void>) {
  const clients: MqttClient[] = [];
  try {
    for (const login of who) clients.push(await connect(machine, login));
    await act(...clients);
  } finally {
    await Promise.all(clients.map((client) => client.endAsync(true)));
  }
}

async function isLetIn(machine: Machine, login: Login): Promise<void> {
  await (await connect(machine, login)).endAsync();
}

export const checks: Check[] = [
  {
    name: 'nobody gets in without a name',
    run: async (machine) => {
      await isLetIn(machine, logins(machine).acme);
      const reason = await refusal(machine, {});
      expect(NOT_AUTHORIZED.test(reason), reason);
      return undefined;
    },
  },
  {
    name: 'a wrong password is refused',
    run: async (machine) => {
      const { acme, globex } = logins(machine);
      await isLetIn(machine, acme);
      for (const password of ['wrong', globex.password, '']) {
        const reason = await refusal(machine, { ...acme, password });
        expect(NOT_AUTHORIZED.test(reason), reason);
      }
      return undefined;
    },
  },
  {
    name: 'a device cannot publish as another, in its tenant or out of it',
    run: async (machine) => {
      const { acme, ingest } = logins(machine);
      await withClients(machine, [acme, ingest], async (device, service) => {
        const topics = inbox(service!);
        await service!.subscribeAsync('tenants/+/devices/+/telemetry', { qos: 1 });
        for (const prefix of [GLOBEX, 'tenants/acme/devices/pump-2']) {
          await device!.publishAsync(`${prefix}/telemetry`, '{"forged":1}', { qos: 1 }).catch(() => {});
        }
        // The broker takes one client's packets in order: what came before this one was dropped, not late.
        await device!.publishAsync(`${ACME}/telemetry`, '{"own":1}', { qos: 1 });
        await arrived(service!, topics, `${ACME}/telemetry`);
        expect(topics.length === 1, `delivered: ${topics.join(', ')}`);
      });
      return undefined;
    },
  },
  {
    name: 'a device cannot read what others publish, nor the broker’s own topics',
    run: async (machine) => {
      const { acme, globex, ingest, control } = logins(machine);
      await withClients(machine, [acme, globex, ingest, control], async (device, other, service, commander) => {
        const seen = inbox(device!);
        await device!.subscribeAsync(`${ACME}/commands/#`, { qos: 1 });
        for (const foreign of ['#', '$SYS/#', `${GLOBEX}/#`, 'tenants/+/devices/+/telemetry']) {
          await device!.subscribeAsync(foreign, { qos: 1 }).catch(() => {});
        }
        const ingested = inbox(service!);
        await service!.subscribeAsync('tenants/+/devices/+/telemetry', { qos: 1 });
        await other!.publishAsync(`${GLOBEX}/telemetry`, '{"of":"globex"}', { qos: 1 });
        await arrived(service!, ingested, `${GLOBEX}/telemetry`);
        await commander!.publishAsync(`${ACME}/commands/ping`, '{}', { qos: 1 });
        await arrived(device!, seen, `${ACME}/commands/ping`);
        expect(
          seen.every((topic) => topic === `${ACME}/commands/ping`),
          `delivered: ${seen.join(', ')}`,
        );
      });
      return undefined;
    },
  },
];
