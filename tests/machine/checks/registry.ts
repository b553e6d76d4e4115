// The registry on the machine: what is changed in the database is in force on the broker, by the sandboxed agent, and no way
// of reloading the broker is faster than the rule.
import { setTimeout as sleep } from 'node:timers/promises';
import { addDevice, removeTenant, rotateDevice, setDeviceEnabled } from '../../../provisioning/database/registry.ts';
import { type Check, expect, type Machine } from '../machine.ts';
import { connect, type Login, refusal, untilRegistryIsInForce } from '../mqtt.ts';

const DEVICE = { tenant: 'changing', device: 'd' };

/** Seconds until something is so, as text. @throws when it is not within 15 s. */
async function seconds(what: string, isSo: () => Promise<boolean>): Promise<string> {
  const started = Date.now();
  while (!(await isSo())) {
    expect(Date.now() - started < 15_000, `${what}: not within 15 s`);
    await sleep(100);
  }
  return `${what} after ${((Date.now() - started) / 1000).toFixed(1)} s`;
}

const isLetIn = (machine: Machine, login: Login) =>
  connect(machine, login).then(
    (client) => client.endAsync().then(() => true),
    () => false,
  );

export const checks: Check[] = [
  {
    name: 'a device that is added, rotated or disabled is so on the broker, and its connection is cut',
    run: async (machine) => {
      await untilRegistryIsInForce(machine);
      const { client } = machine.database;
      const login = ({ username, key }: { username: string; key: string }): Login => ({ username, password: key });
      try {
        const first = login(await addDevice(client, { ...DEVICE, createTenant: true }));
        const added = await seconds('added', () => isLetIn(machine, first));
        const second = login(await rotateDevice(client, DEVICE));
        const rotated = await seconds('rotated', () => isLetIn(machine, second));
        await refusal(machine, first);
        const live = await connect(machine, second);
        await setDeviceEnabled(client, DEVICE, false);
        const cut = await seconds('cut off', async () => !live.connected);
        await refusal(machine, second);
        return [added, rotated, cut].join(', ');
      } finally {
        await removeTenant(client, DEVICE.tenant);
      }
    },
  },
  {
    name: 'after a restart no reload comes before ingest, by whatever way it is asked for',
    disturbs: true,
    run: async (machine) => {
      await machine.exec('systemctl restart mosquitto', { timeoutMs: 120_000 });
      const reloads = async () =>
        Number((await machine.exec('journalctl -b -u mosquitto -o cat | grep -c "Reloading config" || true')).stdout);
      const before = await reloads();
      await machine.exec('systemctl reload mosquitto');
      await sleep(3000);
      expect((await reloads()) === before, 'the broker was reloaded although ingest had not connected');
      await untilRegistryIsInForce(machine);
      return seconds('reloaded once ingest had connected', async () => (await reloads()) > before);
    },
  },
  {
    name: 'the agent tells how it is',
    run: async (machine) => {
      const { stdout } = await machine.exec('cat /run/registry-sync/registry-sync.prom');
      expect(/^mqtt_saas_registry_up 1$/m.test(stdout), stdout);
      return stdout.match(/^mqtt_saas_registry_accounts \d+/m)?.[0];
    },
  },
];
