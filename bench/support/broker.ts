// The real broker with accounts for measuring: devices of several tenants, and ingest.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { generateKey, hashKey } from '../../domain/credentials.ts';
import { deviceUsername } from '../../domain/identifiers.ts';
import { type Mosquitto, type MosquittoOptions, startMosquitto } from '../../lab/mosquitto.ts';
import { freePort } from '../../lab/ports.ts';
import { makeScratchDir } from '../../lab/unprivileged.ts';
import { INGEST_USERNAME, type RegistryEntry } from '../../provisioning/broker/registry.ts';
import type { ClientOptions } from './mqtt-client.ts';
import { residentMiB } from './processes.ts';

/** A broker that is measured. */
export interface BenchBroker {
  /** The one that runs now. */
  broker: () => Mosquitto;
  dir: string;
  /** Its mosquitto.db. */
  database: string;
  start(): Promise<void>;
  /** How a device signs in. */
  device(tenant: string, device: string): ClientOptions;
  /** How ingest signs in. */
  ingest: ClientOptions;
  /** Resident memory, MiB. */
  memoryMiB(): number;
  /** Kills it and removes its folder. */
  remove(): Promise<void>;
}

/** Starts it. @param devices `[tenant, device]` of each. @param options as for startMosquitto. */
export async function startBenchBroker(
  devices: readonly (readonly [string, string])[],
  options: Pick<MosquittoOptions, 'configure' | 'config'> = {},
): Promise<BenchBroker> {
  const key = generateKey();
  const passwordHash = await hashKey(key);
  const registry: RegistryEntry[] = [
    ...devices.map(([tenant, device]) => ({ kind: 'device' as const, tenant, device, passwordHash })),
    { kind: 'service', username: INGEST_USERNAME, purpose: 'ingest', passwordHash },
  ];
  const dir = makeScratchDir();
  const port = options.config?.port ?? (await freePort());
  const start = () => startMosquitto({ dir: join(dir, 'broker'), port, registry, ...options });
  let broker = await start();
  const account = (username: string): ClientOptions => ({
    host: '127.0.0.1',
    port,
    caFile: broker.certificates.caFile,
    username,
    password: key,
    clientId: username,
  });
  return {
    broker: () => broker,
    dir,
    database: join(dir, 'broker/state/mosquitto.db'),
    start: async () => {
      broker = await start();
    },
    device: (tenant, device) => account(deviceUsername(tenant, device)),
    ingest: account(INGEST_USERNAME),
    memoryMiB: () => residentMiB(broker.pid),
    remove: async () => {
      await broker.kill();
      rmSync(dir, { recursive: true });
    },
  };
}
