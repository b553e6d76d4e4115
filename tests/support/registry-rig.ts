// The registry's agent with what it works between: a database, a broker, and the bundle's scripts where the broker's user
// can read them. A test decides what dies when.
import { type ChildProcess, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import type { Client } from 'pg';
import { generateKey } from '../../domain/credentials.ts';
import { startChild, stopChild } from '../../lab/child.ts';
import { type Mosquitto, startMosquitto } from '../../lab/mosquitto.ts';
import { freePort } from '../../lab/ports.ts';
import { type RunningPostgres, roleUrl } from '../../lab/postgres.ts';
import { startScratchPostgres } from '../../lab/scratch-postgres.ts';
import { giveToService, makeScratchDir, makeServiceDir, SERVICE_USER } from '../../lab/unprivileged.ts';
import { connect } from '../../provisioning/database/connect.ts';
import { setLogin } from '../../provisioning/database/login.ts';
import { readRegistry, upsertServiceAccount } from '../../provisioning/database/registry.ts';
import { makeDatabase } from '../../provisioning/database/testing/database.ts';
import { writePrograms } from '../../provisioning/machine/bundle/testing/programs.ts';

/** The system's Python, which has Debian's psycopg2. */
export const PYTHON = '/usr/bin/python3';
/** False where python3-psycopg2 is not installed; the agent cannot run there. */
export const HAS_PSYCOPG2 = spawnSync(PYTHON, ['-c', 'import psycopg2']).status === 0;

/** What a test works with. */
export interface RegistryRig {
  dir: string;
  postgres: RunningPostgres;
  /** A superuser's connection. */
  admin: Client;
  broker: Mosquitto;
  /** The running agent. */
  agent: ChildProcess;
  /** Folder of the registry file. */
  accounts: string;
  /** Folder that stands for /run/mqtt-saas. */
  secrets: string;
  /** Key of svc-ingest and svc-control. */
  serviceKey: string;
  /** What the agent has said. */
  said(): string;
  /** A metric's value, without its prefix. */
  metric(name: string): number | undefined;
  startAgent(): void;
  stopAgent(): Promise<void>;
  stopBroker(): Promise<void>;
  startBroker(): Promise<void>;
  /** Runs a script of the bundle. */
  script(name: string, ...args: string[]): { status: number | null; output: string };
  /** Runs reload-broker. */
  reload(): { status: number | null; output: string };
  /** How often the broker was signalled to read its files again, over all its starts. */
  reloads(): number;
  /** How often a registry has come into force, over all the broker's starts. */
  registries(): number;
  /** A client that does not reconnect. @throws when it is refused. */
  connect(username: string, password: string, options?: mqtt.IClientOptions): Promise<mqtt.MqttClient>;
  stop(): Promise<void>;
}

/**
 * Starts database and broker, both with svc-ingest and svc-control; the agent only with `startAgent()`.
 * @param server a scratch Postgres that several rigs share, one after the other: each has a new database there. Default:
 * one of its own.
 */
export async function startRegistryRig(server?: RunningPostgres): Promise<RegistryRig> {
  const dir = makeScratchDir();
  const postgres = server ? await databaseOn(server) : await startScratchPostgres();
  const admin = await connect(postgres.url);
  const serviceKey = generateKey();
  const syncKey = generateKey();
  await setLogin(admin, 'broker_sync', syncKey);
  for (const purpose of ['ingest', 'control'] as const) {
    await upsertServiceAccount(admin, { username: `svc-${purpose}`, purpose, key: serviceKey });
  }
  writePrograms(join(dir, 'bundle'));
  const secrets = makeServiceDir(join(dir, 'secrets'));
  const state = makeServiceDir(join(dir, 'run'));
  const accounts = join(dir, 'broker');
  writeFileSync(join(secrets, 'registry.url'), `${roleUrl(postgres.url, 'broker_sync', syncKey)}\n`, { mode: 0o600 });
  giveToService(join(secrets, 'registry.url'));
  const processes = join(dir, 'processes');
  const port = await freePort();
  const startBroker = async () => {
    const registry = await readRegistry(admin);
    const broker = await startMosquitto({ dir: accounts, port, registry });
    writeFileSync(processes, `1\n${broker.pid}\n`);
    chmodSync(broker.logFile, 0o644);
    return broker;
  };
  const broker = await startBroker();
  const pathOf = (name: string) => join(dir, 'bundle/bin', name);
  let said = '';
  const rig: RegistryRig = {
    ...{ dir, postgres, admin, broker, accounts, secrets, serviceKey },
    agent: undefined as unknown as ChildProcess,
    said: () => said,
    metric: (name) => {
      const file = join(state, 'registry-sync.prom');
      const line = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
      const found = line.find((text) => text.startsWith(`mqtt_saas_registry_${name} `));
      return found === undefined ? undefined : Number(found.split(' ')[1]);
    },
    startAgent: () => {
      rig.agent = startChild(
        PYTHON,
        [
          ...['-B', pathOf('registry-sync.py'), '--accounts', accounts, '--secrets', secrets],
          ...['--metrics', join(state, 'registry-sync.prom')],
        ],
        { stdio: ['ignore', 'ignore', 'pipe'], ...(SERVICE_USER && { user: SERVICE_USER }) },
      );
      rig.agent.stderr!.on('data', (data) => (said += data));
    },
    stopAgent: () => stopChild(rig.agent),
    stopBroker: () => rig.broker.stop(),
    startBroker: async () => {
      rig.broker = await startBroker();
    },
    script: (name, ...args) => {
      const result = spawnSync(PYTHON, ['-B', pathOf(name), ...args], { encoding: 'utf8' });
      return { status: result.status, output: result.stdout + result.stderr };
    },
    reload: () => rig.script('reload-broker', '--processes', processes),
    reloads: () => readFileSync(broker.logFile, 'utf8').split('Reloading config.').length - 1,
    registries: () => readFileSync(broker.logFile, 'utf8').split('accounts are in force').length - 1,
    connect: (username, password, more = {}) =>
      mqtt.connectAsync(
        rig.broker.url,
        {
          ...{ username, password, protocolVersion: 5, reconnectPeriod: 0 },
          ca: readFileSync(rig.broker.certificates.caFile),
          ...more,
        },
        false,
      ),
    stop: async () => {
      if (rig.agent) await stopChild(rig.agent);
      await rig.broker.stop();
      await admin.end().catch(() => {});
      await postgres.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return rig;
}

/** A database of the rig's own, which goes when the server does. */
async function databaseOn(server: RunningPostgres): Promise<RunningPostgres> {
  return { ...server, url: await makeDatabase(server.url, 'postgres'), stop: async () => {} };
}

/** Permission bits of a file. */
export const modeOf = (file: string) => (statSync(file).mode & 0o777).toString(8);
