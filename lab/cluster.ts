// The cluster on this machine: genuine nats-servers with the configuration of production, and a gatekeeper in this process.
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RegistryEntry } from '../provisioning/broker/registry.ts';
import { syncRegistry } from '../provisioning/broker/sync.ts';
import { renderServerConfig } from '../provisioning/cluster/config.ts';
import { type Gatekeeper, startGatekeeper } from '../provisioning/cluster/gatekeeper.ts';
import { type ClusterSeeds, makeSeeds, publicKeys } from '../provisioning/cluster/keys.ts';
import { makeStreams } from '../provisioning/cluster/streams.ts';
import { issuePeer } from './authority.ts';
import { ensureCertificates } from './certificates.ts';
import { startChild, stopChild } from './child.ts';
import { logEnd } from './log-end.ts';
import { findNatsServer } from './nats-server.ts';
import { freePort } from './ports.ts';
import { giveToService, makeServiceDir, SERVICE_USER } from './unprivileged.ts';

/** How to start one. */
export interface ClusterOptions {
  /** Folder for everything. */
  dir: string;
  /** Who may connect at first. */
  registry: readonly RegistryEntry[];
  /** Most bytes that may wait for ingest. Default: 256 MiB. */
  maxBytes?: number;
  /** Changes the rendered configuration; tests break a guard with it. */
  configure?: (text: string) => string;
}

/** A server of it. */
export interface ClusterServer {
  name: string;
  /** Of devices. */
  url: string;
  clientPort: number;
  logFile: string;
  /** SIGKILL, or another signal. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** At the same ports, with the same files. */
  start(): Promise<void>;
  readonly pid: number;
}

/** A running cluster. */
export interface Cluster {
  servers: ClusterServer[];
  /** `host:port` of the client ports. */
  addresses: string[];
  caFile: string;
  seeds: ClusterSeeds;
  registryFile: string;
  /** What the gatekeeper said. */
  said: string[];
  sync(entries: readonly RegistryEntry[]): boolean;
  /** Those that were started. */
  gatekeepers: Gatekeeper[];
  startGatekeeper(): Promise<Gatekeeper>;
  stop(): Promise<void>;
}

const SIZE = 3;
const HOST = '127.0.0.1';
const START_MS = 30_000;
const MIB = 1024 * 1024;

/** Returns when devices can connect and ingest's consumers are there. What is started ends with this process. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { dir, registry, maxBytes = 256 * MIB, configure = (text) => text } = options;
  makeServiceDir(dir);
  const program = await findNatsServer();
  const certificates = await ensureCertificates(dir);
  const { caFile } = certificates;
  const peer = { peerCertificateFile: join(dir, 'peer.pem'), peerKeyFile: join(dir, 'peer.key'), peerCaFile: caFile };
  const ca = { certificate: readFileSync(caFile, 'utf8'), key: readFileSync(join(dir, 'ca.key'), 'utf8') };
  const { certificate, key } = await issuePeer(ca, ['localhost'], [HOST]);
  writeFileSync(peer.peerKeyFile, key, { mode: 0o600 });
  writeFileSync(peer.peerCertificateFile, certificate);
  for (const file of [...Object.values(certificates), ...Object.values(peer)]) giveToService(file);
  const seeds = makeSeeds();
  const registryFile = join(dir, 'registry');
  syncRegistry(registry, registryFile);
  const ports: { name: string; mqttPort: number; clientPort: number; routePort: number }[] = [];
  for (let n = 1; n <= SIZE; n += 1) {
    ports.push({
      name: `n${n}`,
      mqttPort: await freePort(),
      clientPort: await freePort(),
      routePort: await freePort(),
    });
  }
  const routes = ports.map(({ routePort }) => `${HOST}:${routePort}`);
  const servers = ports.map((own) => {
    const home = join(dir, own.name);
    makeServiceDir(home);
    const storeDir = makeServiceDir(join(home, 'store'));
    const configFile = join(home, 'nats-server.conf');
    const text = renderServerConfig({
      ...own,
      ...certificates,
      ...peer,
      cluster: 'lab',
      host: HOST,
      routes,
      storeDir,
      maxFileStore: 4 * maxBytes,
      keys: publicKeys(seeds),
    });
    writeFileSync(configFile, configure(text), { mode: 0o600 });
    giveToService(configFile);
    return serverOf(program, configFile, join(home, 'server.log'), own);
  });
  const addresses = ports.map(({ clientPort }) => `${HOST}:${clientPort}`);
  const said: string[] = [];
  const gatekeepers: Gatekeeper[] = [];
  const cluster: Cluster = {
    servers,
    addresses,
    caFile,
    seeds,
    registryFile,
    said,
    gatekeepers,
    sync: (entries) => syncRegistry(entries, registryFile),
    startGatekeeper: async () => {
      const log = (message: string) => said.push(message);
      const gatekeeper = await startGatekeeper({ servers: addresses, caFile, seeds, registryFile, log });
      gatekeepers.push(gatekeeper);
      return gatekeeper;
    },
    stop: async () => {
      await Promise.all(gatekeepers.map((gatekeeper) => gatekeeper.stop()));
      await Promise.all(servers.map((server) => server.kill('SIGTERM')));
    },
  };
  try {
    await Promise.all(servers.map((server) => server.start()));
    await cluster.startGatekeeper();
    await untilMade({ servers: addresses, caFile, seed: seeds.keeper, replicas: SIZE, maxBytes });
  } catch (error) {
    await cluster.stop();
    throw new Error(`${(error as Error).message}; ${logEnd(servers[0]!.logFile)}`);
  }
  return cluster;
}

/** Servers that have just started agree on a leader first. */
async function untilMade(options: Parameters<typeof makeStreams>[0]): Promise<void> {
  const deadline = Date.now() + START_MS;
  for (;;) {
    try {
      return await makeStreams(options);
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(250);
    }
  }
}

function serverOf(
  program: string,
  configFile: string,
  logFile: string,
  { name, mqttPort, clientPort }: { name: string; mqttPort: number; clientPort: number },
): ClusterServer {
  let child: ChildProcess | undefined;
  return {
    name,
    url: `mqtts://${HOST}:${mqttPort}`,
    clientPort,
    logFile,
    get pid() {
      return child?.pid ?? 0;
    },
    kill: async (signal = 'SIGKILL') => {
      if (child) await stopChild(child, signal);
    },
    start: async () => {
      const log = openSync(logFile, 'a', 0o600);
      child = startChild(program, ['-c', configFile], {
        stdio: ['ignore', log, log],
        ...(SERVICE_USER && { user: SERVICE_USER }),
      });
      closeSync(log);
      const deadline = Date.now() + START_MS;
      while (!(await isOpen(mqttPort))) {
        if (child.exitCode !== null || Date.now() > deadline) {
          throw new Error(`${name} did not start; ${logEnd(logFile)}`);
        }
        await sleep(50);
      }
    },
  };
}

function isOpen(port: number): Promise<boolean> {
  const socket = connectTcp(port, HOST);
  return new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  }).finally(() => socket.destroy());
}
