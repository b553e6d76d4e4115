// One client, or one tenant, cannot take the broker from the others.
import { setTimeout as sleep } from 'node:timers/promises';
import type { MqttClient } from 'mqtt';
import { type Check, expect, type Machine } from '../machine.ts';
import { connect, logins } from '../mqtt.ts';

const FILTER = 'tenants/+/devices/+/telemetry';
const TOPICS = { acme: 'tenants/acme/devices/pump-1/telemetry', globex: 'tenants/globex/devices/meter-1/telemetry' };
/** stacks/configuration/keys/broker.ts: sourceConnections. */
const CONNECTIONS_OF_A_SOURCE = 256;

async function delivered(machine: Machine, act: (ingest: MqttClient) => Promise<void>): Promise<string[]> {
  const topics: string[] = [];
  const ingest = await connect(machine, logins(machine).ingest, { clientId: 'svc-ingest' });
  ingest.on('message', (topic) => topics.push(topic));
  await ingest.subscribeAsync(FILTER, { qos: 1 });
  await act(ingest);
  await sleep(500);
  await ingest.endAsync();
  return topics;
}

export const checks: Check[] = [
  {
    name: 'a device cannot take ingest’s session over by its client id',
    run: async (machine) => {
      const topics = await delivered(machine, async (ingest) => {
        const thief = await connect(machine, logins(machine).globex, { clientId: 'svc-ingest' });
        const device = await connect(machine, logins(machine).acme);
        await device.publishAsync(TOPICS.acme, '{"still":"there"}', { qos: 1 });
        await Promise.all([device.endAsync(), thief.endAsync()]);
        expect(ingest.connected, 'ingest was disconnected');
      });
      expect(topics.includes(TOPICS.acme), 'nothing was delivered to ingest');
      return undefined;
    },
  },
  {
    name: 'a packet that is too large disconnects its device, and nobody else',
    run: async (machine) => {
      const topics = await delivered(machine, async () => {
        const loud = await connect(machine, logins(machine).acme);
        const cut = new Promise<void>((resolve) => loud.once('close', () => resolve()));
        loud.on('error', () => {});
        loud.publish(TOPICS.acme, Buffer.alloc(300 * 1024), { qos: 1 }, () => {});
        await cut;
        const quiet = await connect(machine, logins(machine).globex);
        await quiet.publishAsync(TOPICS.globex, '{}', { qos: 1 });
        await quiet.endAsync();
      });
      expect(topics.join() === TOPICS.globex, `delivered: ${topics.join(', ')}`);
      return undefined;
    },
  },
  {
    name: 'one source may have a limited number of connections',
    disturbs: true,
    run: async (machine) => {
      const program = `
        import { connect } from 'node:net';
        let open = 0;
        for (let i = 0; i < ${CONNECTIONS_OF_A_SOURCE + 50}; i++) connect(8883, '${machine.addresses.machine.v4}', () => { open++; }).on('error', () => {});
        setTimeout(() => { console.log(open); process.exit(0); }, 3000);`;
      const { stdout } = await machine.outsider(
        `${process.execPath} --input-type=module -e "${program.replace(/\n/g, ' ')}"`,
      );
      const open = Number(stdout);
      expect(open > 0 && open <= CONNECTIONS_OF_A_SOURCE, `${open} connections`);
      const device = await connect(machine, logins(machine).acme);
      await device.endAsync();
      return `${open} of ${CONNECTIONS_OF_A_SOURCE + 50}`;
    },
  },
];
