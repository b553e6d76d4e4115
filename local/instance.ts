// A local platform on this machine: its name, its folder, and its state while it runs.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { tryLock } from '../bootstrap/lock.mjs';
import { removeDataFolder } from '../lab/postgres-folder.ts';
import { dataRoot } from '../lab/unprivileged.ts';

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
  /** Origin of the ingest worker's pages, /api/health and /api/metrics. */
  healthUrl: string;
  /** The API's `apikey`. */
  publishableKey: string;
  /** The broker's log. */
  brokerLog: string;
  /** See ingest-account.ts. */
  ingestAccountFile: string;
  /** Who reads the database for backups, the folder where they lie, and the key that opens them. */
  backups: { databaseUrl: string; store: string; key: string };
  /** Who writes the archive of readings, the folder where it lies, and the key that signs links to it. */
  archive: { databaseUrl: string; store: string; linkKey: string };
}

/** A claimed name and folder; nobody else has it until `release`, or until this process ends. */
export interface Claim {
  name: string;
  dir: string;
  /** True if an earlier start has left a database. */
  hasData: boolean;
  /** Publishes how to reach the platform. */
  announce(instance: RunningInstance): void;
  /** Removes the platform's data. The name stays claimed. */
  removeData(): Promise<void>;
  release(): void;
}

/** Name of a platform that was given none. */
export const DEFAULT_NAME = 'default';
const STATE_FILE = 'platform.json';
const PORTS_FILE = 'ports.json';
/** What a start makes first, before anything can fail, and the database: a platform with one of them has data to remove. */
const KEPT = ['secrets.json', 'postgres', PORTS_FILE];
/** How psql reaches the database as its superuser: https://www.postgresql.org/docs/17/libpq-pgservice.html */
export const PSQL_FILE = 'psql.conf';
/** Turns free text into a folder's name. */
const NAME_PATTERN = /^[a-z0-9][a-z0-9-]{0,31}$/;

/**
 * Claims the named place.
 * @throws Error if this platform is running, or the name cannot be a folder's.
 */
export async function claimInstance(name = DEFAULT_NAME): Promise<Claim> {
  if (!NAME_PATTERN.test(name)) {
    throw new Error(`--name ${JSON.stringify(name)}: use 1-32 of a-z, 0-9 and "-", not beginning with "-"`);
  }
  const lock = await tryLock(join(dataRoot(), name));
  if (!lock) throw new Error(describeRunning(name));
  return makeClaim(name, lock);
}

function describeRunning(name: string): string {
  const instance = readInstance(name);
  if (!instance) return `the platform "${name}" is starting or stopping already: wait for it, or choose another --name`;
  return `the platform "${name}" is running already, at ${instance.dashboardUrl}
  Check it       npm run verify -- --target local:${name}
  Stop it        Ctrl-C where it runs, or: kill ${instance.pid}
  Start another  npm start -- --name ${name === DEFAULT_NAME ? 'second' : `${name}-2`}`;
}

/** The platforms that have data in this checkout, running or not: "default" first, the others by name. */
export function listInstances(): string[] {
  if (!existsSync(dataRoot())) return [];
  const names = readdirSync(dataRoot()).filter((name) => KEPT.some((file) => existsSync(join(dataRoot(), name, file))));
  return names.sort((a, b) => Number(b === DEFAULT_NAME) - Number(a === DEFAULT_NAME) || (a < b ? -1 : 1));
}

/** The state of a running platform; without a name, of "default" or else the first running one. Undefined if there is none. */
export function readInstance(name?: string): RunningInstance | undefined {
  for (const candidate of name === undefined ? listInstances() : [name]) {
    const file = join(dataRoot(), candidate, STATE_FILE);
    if (!existsSync(file)) continue;
    const instance = JSON.parse(readFileSync(file, 'utf8')) as RunningInstance;
    if (existsSync(`/proc/${instance.pid}`)) return instance;
  }
  return undefined;
}

/** The ports of the last start in this folder, so that addresses stay the same. */
export function readPorts(dir: string): { mqtt?: number; database?: number; dashboard?: number; health?: number } {
  const file = join(dir, PORTS_FILE);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
}

function makeClaim(name: string, lock: Server): Claim {
  const dir = join(dataRoot(), name);
  const file = join(dir, STATE_FILE);
  mkdirSync(dir, { recursive: true });
  return {
    name,
    dir,
    hasData: existsSync(join(dir, 'postgres')),
    announce: (instance) => {
      const dashboard = Number(new URL(instance.dashboardUrl).port);
      const health = Number(new URL(instance.healthUrl).port);
      const ports = { mqtt: instance.mqttPort, database: instance.databasePort, dashboard, health };
      writeFileSync(join(dir, PORTS_FILE), JSON.stringify(ports));
      writeSecretly(join(dir, PSQL_FILE), psqlService(instance.databaseUrl));
      writeSecretly(file, JSON.stringify(instance, null, 2));
    },
    removeData: async () => {
      await removeDataFolder(join(dir, 'postgres'));
      rmSync(dir, { recursive: true });
    },
    release: () => {
      rmSync(file, { force: true });
      lock.close();
    },
  };
}

/** In one step, readable by its owner only. */
function writeSecretly(file: string, content: string): void {
  writeFileSync(`${file}.new`, content, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function psqlService(databaseUrl: string): string {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl);
  return `[local]\nhost=${hostname}\nport=${port}\nuser=${username}\npassword=${password}\ndbname=${pathname.slice(1)}\n`;
}
