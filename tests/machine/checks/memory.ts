// The smallest machine has 1 GiB: what all its processes take together with a thousand devices connected.
import type { MqttClient } from 'mqtt';
import { generateKey, hashKey } from '../../../domain/credentials.ts';
import { removeTenant } from '../../../provisioning/database/registry.ts';
import { type Check, expect, type Machine } from '../machine.ts';
import { connect, type Login, untilLetIn } from '../mqtt.ts';
import { must } from '../process.ts';

const CLIENTS = 1000;
/** The firewall lets one source have 256 connections, made at once. */
const CLIENTS_PER_SOURCE = 200;
/** The most that all processes may take; MiB. */
const MOST_MIB = 400;
const TENANT = 'crowd';

/** A thousand devices that share a key, which is enough for counting. */
async function addCrowd({ database: { client } }: Machine): Promise<Login[]> {
  const key = generateKey();
  await client.query(
    `with tenant as (insert into public.tenants (slug, name) values ($1, $1) returning id),
       device as (
         insert into public.devices (tenant_id, slug, name)
         select id, 'd' || n, 'd' || n from tenant, generate_series(1, $2::int) as n returning id, tenant_id
       )
     insert into public.device_credentials (tenant_id, device_id, password_hash) select tenant_id, id, $3 from device`,
    [TENANT, CLIENTS, await hashKey(key)],
  );
  return Array.from({ length: CLIENTS }, (_, index) => ({ username: `${TENANT}.d${index + 1}`, password: key }));
}

/** Connects them, each source's from an address of its own. */
async function connectCrowd(machine: Machine, crowd: Login[], clients: MqttClient[]): Promise<void> {
  for (let from = 0; from < crowd.length; from += CLIENTS_PER_SOURCE) {
    const localAddress = `203.0.113.${101 + from / CLIENTS_PER_SOURCE}`;
    await must('ip', ['address', 'replace', `${localAddress}/24`, 'dev', 'world']);
    const waiting = crowd.slice(from, from + CLIENTS_PER_SOURCE);
    const connectRest = async () => {
      for (let login = waiting.shift(); login; login = waiting.shift()) {
        clients.push(await connect(machine, login, { localAddress, family: 4 } as object));
      }
    };
    await Promise.all(Array.from({ length: 20 }, connectRest));
  }
}

/** Kilobytes and name of each program: proportional, so that shared pages count once. */
const USED = `for f in /proc/[0-9]*; do
  echo "$(sed -nE 's/^Pss: *([0-9]+) kB/\\1/p' $f/smaps_rollup 2>/dev/null) $(cat $f/comm 2>/dev/null)"
done`;

async function memory({ exec }: Machine): Promise<{ total: number; largest: string }> {
  const { stdout } = await exec(USED);
  const byName = new Map<string, number>();
  for (const [, kib, name = ''] of stdout.matchAll(/^(\d+) (.+)$/gm)) {
    byName.set(name, (byName.get(name) ?? 0) + Number(kib) / 1024);
  }
  const sorted = [...byName].sort(([, a], [, b]) => b - a);
  const largest = sorted.slice(0, 5).map(([name, mib]) => `${name} ${mib.toFixed(0)}`);
  return { total: sorted.reduce((sum, [, mib]) => sum + mib, 0), largest: largest.join(', ') };
}

export const checks: Check[] = [
  {
    name: `with ${CLIENTS} devices connected the whole machine takes less than ${MOST_MIB} MiB`,
    disturbs: true,
    run: async (machine) => {
      const clients: MqttClient[] = [];
      try {
        const crowd = await addCrowd(machine);
        await untilLetIn(machine, crowd.at(-1) ?? {});
        await connectCrowd(machine, crowd, clients);
        const connected = clients.filter((client) => client.connected).length;
        expect(connected === CLIENTS, `${connected} are connected`);
        const { total, largest } = await memory(machine);
        expect(largest.includes('mosquitto') && total < MOST_MIB, `${total.toFixed(0)} MiB: ${largest}`);
        return `${total.toFixed(0)} MiB: ${largest}`;
      } finally {
        await Promise.all(clients.map((client) => client.endAsync(true)));
        await removeTenant(machine.database.client, TENANT);
      }
    },
  },
];
