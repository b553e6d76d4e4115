// The real broker on this machine, with the configuration of the broker machine.
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, copyFileSync, existsSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BrokerConfigOptions, renderBrokerConfig } from '../provisioning/broker/config.ts';
import { gateFile } from '../provisioning/broker/gate.ts';
import { ingestGeneration, ingestUsername, type RegistryEntry } from '../provisioning/broker/registry.ts';
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
  /** The broker's program. Default: the one that is installed. */
  program?: string;
  /** The gate. Default: the built one. */
  gate?: string;
  /** Variables of the broker's environment beside this process' own. */
  env?: Record<string, string>;
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
  /** The key of the gate's stamps, for ingest. */
  stampKeyFile: string;
  /** Writes the registry file; true when it changed. It is in force within a tenth of a second. */
  sync(entries: readonly RegistryEntry[]): boolean;
  /** Where sessions and queues are saved, and what they take there. */
  stateDir: string;
  stateBytes(): number;
  /** Saves sessions and queues to disk now, and waits until they are there. @throws Error when they do not get there. */
  save(signal?: AbortSignal): Promise<void>;
  /** SIGTERM: saves its state and ends. */
  stop(): Promise<void>;
  /** SIGKILL: what is not saved is lost. */
  kill(): Promise<void>;
}

const SBIN = ['/usr/sbin', '/usr/local/sbin', '/usr/bin', '/usr/local/bin', '/opt/homebrew/sbin'];
const START_TIMEOUT_MS = 10_000;
/** As save-state has patience on the machine. */
const SAVE_TIMEOUT_MS = 120_000;

/** Starts the broker and returns when it accepts connections. @throws Error with the broker's own last words. */
export async function startMosquitto(options: MosquittoOptions): Promise<Mosquitto> {
  const { port } = options;
  if (!(await isPortFree(port))) {
    throw new Error(`port ${port} on 127.0.0.1 is taken: stop what listens there, or choose another with --mqtt-port`);
  }
  const dir = makeServiceDir(options.dir);
  const { certificates, configFile, registryFile, stampKeyFile, persistenceDir } = await prepare(dir, options);
  const database = join(persistenceDir, 'mosquitto.db');
  const logFile = join(dir, 'mosquitto.log');
  const log = openSync(logFile, 'a', 0o600);
  const child = startChild(options.program ?? findMosquitto(), ['-c', configFile], {
    stdio: ['ignore', log, log],
    env: { ...process.env, ...options.env },
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
    stampKeyFile,
    sync: (entries) => syncRegistry(withIngest(entries), registryFile, giveToService),
    stateDir: persistenceDir,
    stateBytes: () => (existsSync(database) ? statSync(database).size : 0),
    save: async (signal) => {
      const before = modified(database);
      const deadline = Date.now() + SAVE_TIMEOUT_MS;
      let asked = false;
      while (modified(database) === before) {
        // One that is just starting would be ended by the signal.
        if (!asked && catchesSaveSignal(child.pid!)) asked = child.kill('SIGUSR1');
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error('the broker ended before it had saved');
        if (Date.now() > deadline) throw new Error(`the broker does not save its state; ${logEnd(logFile)}`);
        await sleep(20, undefined, { signal });
      }
    },
    stop: () => stopChild(child),
    kill: () => stopChild(child, 'SIGKILL'),
  };
}

async function prepare(
  dir: string,
  { port, registry, configure = (text) => text, config, gate = gateFile() }: MosquittoOptions,
) {
  const certificates = await ensureCertificates(dir);
  const registryFile = join(dir, 'registry');
  syncRegistry(withIngest(registry), registryFile, giveToService);
  const stampKeyFile = join(dir, 'stamp.key');
  if (!existsSync(stampKeyFile)) writeFileSync(stampKeyFile, `${randomBytes(16).toString('hex')}\n`, { mode: 0o600 });
  // The checkout may be where the broker's user cannot look.
  const ownGate = join(dir, 'gate.so');
  rmSync(ownGate, { force: true });
  copyFileSync(gate, ownGate);
  const persistenceDir = makeServiceDir(join(dir, 'state'));
  const configFile = join(dir, 'mosquitto.conf');
  const text = renderBrokerConfig({
    listenAddress: '127.0.0.1',
    port,
    ...certificates,
    gateFile: ownGate,
    registryFile,
    stampKeyFile,
    figuresFile: join(dir, 'broker-queue.prom'),
    persistenceDir,
    ...config,
  });
  writeFileSync(configFile, configure(text), { mode: 0o600 });
  for (const file of [configFile, stampKeyFile, ownGate, ...Object.values(certificates)]) giveToService(file);
  return { certificates, configFile, registryFile, stampKeyFile, persistenceDir };
}

/** The gate refuses a registry without ingest. Tests that need none get an account without a known key. */
function withIngest(entries: readonly RegistryEntry[]): readonly RegistryEntry[] {
  const has = entries.some((entry) => entry.kind === 'service' && ingestGeneration(entry.username) !== undefined);
  if (has) return entries;
  const passwordHash = `$7$101$${Buffer.alloc(12).toString('base64')}$${NOBODYS}`;
  return [...entries, { kind: 'service', username: ingestUsername(1), purpose: 'ingest', passwordHash }];
}

/** As a hash: a password that has it is unknown. */
const NOBODYS = Buffer.alloc(64).toString('base64');

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

/** Bit 9 of the signals that a process catches is SIGUSR1, signal 10: proc(5). */
function catchesSaveSignal(pid: number): boolean {
  const file = `/proc/${pid}/status`;
  const caught = existsSync(file) ? /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(file, 'utf8'))?.[1] : undefined;
  return caught !== undefined && (BigInt(`0x${caught}`) & (1n << 9n)) !== 0n;
}

const modified = (file: string) => (existsSync(file) ? statSync(file).mtimeMs : 0);
