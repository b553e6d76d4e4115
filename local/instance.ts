// A local platform on this machine: its name, its folder, and what is known of it while it runs.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { tryLock } from './lock.ts';
import { dataRoot } from './unprivileged.ts';

/** What other programs (verify, ops) need to reach a running platform. Holds secrets: readable by its owner only. */
export interface RunningInstance {
  name: string;
  /** Process id of the platform. */
  pid: number;
  brokerPid: number;
  mqttPort: number;
  /** PEM of the private CA. */
  ca: string;
  /** File that holds the CA, for `mosquitto_pub --cafile`. */
  caFile: string;
  databasePort: number;
  /** URL of the database as its superuser. */
  databaseUrl: string;
  /** Origin of the dashboard and the API, such as `http://127.0.0.1:18080`. */
  dashboardUrl: string;
  /** What the API wants as `apikey`. */
  publishableKey: string;
  /** The broker's log. */
  brokerLog: string;
  /** See ingest-account.ts. */
  ingestAccountFile: string;
}

/** A claimed place for a platform; nobody else has it until `release`, or until this process is gone. */
export interface Claim {
  name: string;
  dir: string;
  /** Publishes how to reach the platform. */
  announce(instance: RunningInstance): void;
  release(): void;
}

const DEFAULT_NAMES = ['default', 'second', 'third', 'fourth', 'fifth'];
const STATE_FILE = 'platform.json';
const PORTS_FILE = 'ports.json';
/** Free text becomes a folder's name. */
const NAME_PATTERN = /^[a-z0-9][a-z0-9-]{0,31}$/;

/**
 * Claims the named place, or the first free one.
 * @throws Error when the named platform runs already, or the name cannot be a folder's.
 */
export async function claimInstance(name?: string): Promise<Claim> {
  if (name !== undefined && !NAME_PATTERN.test(name)) {
    throw new Error(`--name ${JSON.stringify(name)}: use 1-32 of a-z, 0-9 and "-", not beginning with "-"`);
  }
  for (const candidate of name === undefined ? DEFAULT_NAMES : [name]) {
    const lock = await tryLock(join(dataRoot(), candidate));
    if (lock) return makeClaim(candidate, lock);
  }
  throw new Error(
    name === undefined
      ? `${DEFAULT_NAMES.length} platforms are running already: stop one, or give another a name with --name`
      : `the platform "${name}" is running already: stop it, or choose another --name`,
  );
}

/** The state of a running platform; without a name, of the first that runs. Undefined when there is none. */
export function readInstance(name?: string): RunningInstance | undefined {
  for (const candidate of name === undefined ? DEFAULT_NAMES : [name]) {
    const file = join(dataRoot(), candidate, STATE_FILE);
    if (!existsSync(file)) continue;
    const instance = JSON.parse(readFileSync(file, 'utf8')) as RunningInstance;
    if (existsSync(`/proc/${instance.pid}`)) return instance;
  }
  return undefined;
}

/** The ports of the last start in this folder, so that addresses stay the same. */
export function readPorts(dir: string): { mqtt?: number; database?: number; dashboard?: number } {
  const file = join(dir, PORTS_FILE);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
}

function makeClaim(name: string, lock: Server): Claim {
  const dir = join(dataRoot(), name);
  mkdirSync(dir, { recursive: true, mode: 0o755 });
  const file = join(dir, STATE_FILE);
  return {
    name,
    dir,
    announce: (instance) => {
      writeFileSync(`${file}.new`, JSON.stringify(instance, null, 2), { mode: 0o600 });
      renameSync(`${file}.new`, file);
      const dashboard = Number(new URL(instance.dashboardUrl).port);
      const ports = { mqtt: instance.mqttPort, database: instance.databasePort, dashboard };
      writeFileSync(join(dir, PORTS_FILE), JSON.stringify(ports));
    },
    release: () => {
      rmSync(file, { force: true });
      lock.close();
    },
  };
}
