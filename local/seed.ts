// Two tenants with devices, so that there is something to see. Runs at every start and adds only what is missing.
import type { ClientBase } from 'pg';
import { deviceUsername } from '../domain/identifiers.ts';
import { addDevice, listDevices, rotateDevice } from '../provisioning/database/registry.ts';
import type { SimulatedDevice } from './simulator.ts';

/** The demo devices; one of globex's sometimes repeats itself and sends garbage. */
const DEVICES: readonly Omit<SimulatedDevice, 'key'>[] = [
  { tenant: 'acme', device: 'boiler-1', faulty: false },
  { tenant: 'acme', device: 'boiler-2', faulty: false },
  { tenant: 'globex', device: 'greenhouse-1', faulty: false },
  { tenant: 'globex', device: 'greenhouse-2', faulty: true },
];

/**
 * Makes sure that the devices exist and that `keys` has a key for each; a missing key is added.
 * @param keys by `<tenant>.<device>`; the database has only their hashes, so a lost key is replaced.
 */
export async function seedDevices(client: ClientBase, keys: Record<string, string>): Promise<SimulatedDevice[]> {
  const known = new Set((await listDevices(client)).map(({ tenant, device }) => deviceUsername(tenant, device)));
  const devices: SimulatedDevice[] = [];
  for (const { tenant, device, faulty } of DEVICES) {
    const username = deviceUsername(tenant, device);
    if (!known.has(username)) keys[username] = (await addDevice(client, { tenant, device, createTenant: true })).key;
    else keys[username] ??= (await rotateDevice(client, { tenant, device })).key;
    devices.push({ tenant, device, faulty, key: keys[username]! });
  }
  return devices;
}
