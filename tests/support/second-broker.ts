// Another broker beside a lab's: the standby, with the same registry, the same key of stamps and the same certificates.
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '../../lab/lab.ts';
import { type Mosquitto, startMosquitto } from '../../lab/mosquitto.ts';
import { freePort } from '../../lab/ports.ts';
import { readRegistry } from '../../provisioning/database/registry.ts';

/** Starts it. It ends with this process, or by its `stop`. */
export async function startSecondBroker(lab: Lab): Promise<Mosquitto> {
  const dir = join(lab.dir, 'second-broker');
  mkdirSync(dir);
  const { certificates, stampKeyFile } = lab.broker;
  for (const file of [...Object.values(certificates), stampKeyFile])
    cpSync(file, join(dir, file.slice(file.lastIndexOf('/') + 1)));
  return startMosquitto({ dir, port: await freePort(), registry: await readRegistry(lab.admin) });
}
