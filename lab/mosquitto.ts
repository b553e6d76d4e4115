// The real broker on this machine, with the configuration of the broker machine.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BrokerConfigOptions, renderBrokerConfig } from '../provisioning/broker/config.ts';
import { INGEST_CONNECTED, type RegistryEntry } from '../provisioning/broker/registry.ts';
import { syncRegistry } from '../provisioning/broker/sync.ts';
import { type CertificateFiles, ensureCertificates } from './certificates.ts';
import { startChild, stopChild } from './child.ts';
import { logEnd } from './log-end.ts';
import { isPortFree } from './ports.ts';
import { giveToService, makeServiceDir, SERVICE_USER } from './unprivileged.ts';

/** How to start a broker. */
export interface MosquittoOptions {
  /** Folder for configuration, certificates, state and log; kept between starts. */
  dir: string;
  /** TCP port on loopback. */
  port: number;
  /** Who may connect at first. */
  registry: readonly RegistryEntry[];
  /** Changes to the rendered configuration; tests break a guard with it to see that its check notices. */
  configure?: (text: string) => string;
  /** Overrides of the configuration's options, such as the autosave interval. */
  config?: Partial<BrokerConfigOptions>;
}

/** A running broker. */
export interface Mosquitto {
  url: string;
  port: number;
  pid: number;
  child: ChildProcess;
  certificates: CertificateFiles;
  configFile: string;
  logFile: string;
  /**
   * Writes the registry's files; true when they changed. They are in force at once, but after a restart only when
   * ingest is connected again: call it again until then, as registry-watch.ts does. See reloadIsSafe.
   */
  sync(entries: readonly RegistryEntry[]): boolean;
  /** Saves sessions and queues to disk now, and waits until they are there. */
  save(): Promise<void>;
  /** SIGTERM: saves its state and ends. */
  stop(): Promise<void>;
  /** SIGKILL: what is not saved is lost. */
  kill(): Promise<void>;
}

const SBIN = ['/usr/sbin', '/usr/local/sbin', '/usr/bin', '/usr/local/bin', '/opt/homebrew/sbin'];
const START_TIMEOUT_MS = 10_000;

/** Starts the broker and returns when it accepts connections. @throws Error with the broker's own last words. */
export async function startMosquitto(options: MosquittoOptions): Promise<Mosquitto> {
  const { port } = options;
  if (!(await isPortFree(port))) {
    throw new Error(`port ${port} on 127.0.0.1 is taken: stop what listens there, or choose another with --mqtt-port`);
  }
  const dir = makeServiceDir(options.dir);
  const { certificates, configFile, registryFiles, persistenceDir } = await prepare(dir, options);
  const database = join(persistenceDir, 'mosquitto.db');
  const logFile = join(dir, 'mosquitto.log');
  const reloadIsSafe = watchReloads(existsSync(database), logFile);
  let reloadWaits = false;
  const log = openSync(logFile, 'a', 0o600);
  const child = startChild(findMosquitto(), ['-c', configFile], {
    stdio: ['ignore', log, log],
    ...(SERVICE_USER && { user: SERVICE_USER }),
  });
  closeSync(log);
  await untilListening(port, () => child.exitCode !== null || child.signalCode !== null, logFile);
  return {
    url: `mqtts://127.0.0.1:${port}`,
    port,
    pid: child.pid!,
    child,
    certificates,
    configFile,
    logFile,
    sync: (entries) => {
      const changed = syncRegistry(entries, { ...registryFiles, reload: () => {} });
      if (changed) for (const file of Object.values(registryFiles)) giveToService(file);
      reloadWaits ||= changed;
      if (reloadWaits && reloadIsSafe()) {
        child.kill('SIGHUP');
        reloadWaits = false;
      }
      return changed;
    },
    save: async () => {
      const before = modified(database);
      child.kill('SIGUSR1');
      while (modified(database) === before) await sleep(20);
    },
    stop: () => stopChild(child),
    kill: () => stopChild(child, 'SIGKILL'),
  };
}

/**
 * Whether the broker may read its files again now. A session restored from disk has lost its password, so Mosquitto's
 * reload takes it for an intruder, leaves it without rights, and drops what is published until its client is back
 * (https://github.com/eclipse-mosquitto/mosquitto/issues/1521, seen on 2.0.11). Without a restored session, or once
 * ingest has connected again, a reload loses nothing.
 */
function watchReloads(restored: boolean, logFile: string): () => boolean {
  const from = existsSync(logFile) ? statSync(logFile).size : 0;
  let safe = !restored;
  return () => {
    safe ||= INGEST_CONNECTED.test(readFileSync(logFile).subarray(from).toString('latin1'));
    return safe;
  };
}

async function prepare(dir: string, { port, registry, configure = (text) => text, config }: MosquittoOptions) {
  const certificates = await ensureCertificates(dir);
  const registryFiles = { passwordFile: join(dir, 'passwords'), aclFile: join(dir, 'acl') };
  syncRegistry(registry, { ...registryFiles, reload: () => {} });
  const persistenceDir = makeServiceDir(join(dir, 'state'));
  const configFile = join(dir, 'mosquitto.conf');
  const text = renderBrokerConfig({
    listenAddress: '127.0.0.1',
    port,
    ...certificates,
    ...registryFiles,
    persistenceDir,
    ...config,
  });
  writeFileSync(configFile, configure(text), { mode: 0o600 });
  for (const file of [configFile, ...Object.values(registryFiles), ...Object.values(certificates)]) giveToService(file);
  return { certificates, configFile, registryFiles, persistenceDir };
}

/** The broker's program. Debian puts it in /usr/sbin, which an ordinary user's PATH lacks. */
export function findMosquitto(): string {
  const places = [...SBIN, ...(process.env.PATH ?? '').split(':')];
  const found = places.map((place) => join(place, 'mosquitto')).find(existsSync);
  if (!found) throw new Error('mosquitto is not installed: install the package of that name');
  return found;
}

async function untilListening(port: number, isGone: () => boolean, logFile: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline && !isGone()) {
    const socket = connect(port, '127.0.0.1');
    const open = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (open) return;
    await sleep(20);
  }
  throw new Error(`the broker did not start; ${logEnd(logFile)}`);
}

const modified = (file: string) => (existsSync(file) ? statSync(file).mtimeMs : 0);
