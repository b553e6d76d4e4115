// The broker's gate beside what it replaced, a password file and an ACL file: how long the broker stands still for a change of the
// registry, and how many messages it takes with and without the gate's stamp. All in one run; the ratios count.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashKey } from '../domain/credentials.ts';
import { deviceUsername } from '../domain/identifiers.ts';
import { devicePrefix, telemetryTopic } from '../domain/topics.ts';
import { type Mosquitto, startMosquitto } from '../lab/mosquitto.ts';
import { freePort } from '../lab/ports.ts';
import { giveToService, makeScratchDir, makeServiceDir } from '../lab/unprivileged.ts';
import { INGEST_USERNAME, type RegistryEntry } from '../provisioning/broker/registry.ts';
import { type Client, connectClient } from './support/mqtt-client.ts';
import { cpuSeconds, runMs } from './support/processes.ts';
import { startLoad } from './support/publisher.ts';

const KEY = 'one key for all';
const TENANT = 'fleet';
const MESSAGES = 100_000;
const CONNECTIONS = 10;
/** Beyond, the ACL file's square takes minutes. */
const MOST_IN_FILES = 20_000;

/** @param args devices in the registry, several after each other. Default: 10000 100000. */
export async function run(sizes: string[] = []): Promise<void> {
  const passwordHash = await hashKey(KEY);
  for (const size of (sizes.length > 0 ? sizes : ['10000', '100000']).map(Number)) {
    const registry = registryOf(size, passwordHash);
    const gate = await pause(registry, false);
    const files = size <= MOST_IN_FILES ? await pause(registry, true) : undefined;
    const shown = ({ longest, cpu, inForce }: Pause) =>
      `answers nobody for ${longest.toFixed(1)} ms, works ${cpu.toFixed(1)} ms, lets it in after ${inForce.toFixed(0)} ms`;
    console.log(`${size} devices, one more: the broker ${shown(gate)}`);
    if (files) console.log(`  by files: ${shown(files)}; ${(files.cpu / gate.cpu).toFixed(0)} times the work`);
  }
  const registry = registryOf(CONNECTIONS, passwordHash);
  const unstamped = (text: string) => text.replace(/^plugin_opt_key_file.*\n/m, '');
  const results = {
    files: await throughput(registry, asFiles(registry)),
    'gate, no stamp': await throughput(registry, unstamped),
    'gate, stamp': await throughput(registry, (text) => text),
  };
  for (const [what, { rate, cpu }] of Object.entries(results)) {
    const of = (rate / results.files.rate).toFixed(2);
    console.log(
      `${what.padEnd(15)} ${rate.toFixed(0).padStart(7)} messages/s (${of} of files), ${cpu.toFixed(1)} µs of processor each`,
    );
  }
}

function registryOf(size: number, passwordHash: string): RegistryEntry[] {
  const devices = Array.from({ length: size }, (_, n) => ({ tenant: TENANT, device: `d${n}` }));
  return [
    { kind: 'service', username: INGEST_USERNAME, purpose: 'ingest', passwordHash },
    ...devices.map((name) => ({ kind: 'device' as const, ...name, passwordHash })),
  ];
}

/** Changes a configuration with the gate into one with the two files that it replaced. */
function asFiles(registry: readonly RegistryEntry[], folder = makeServiceDir(join(makeScratchDir(), 'files'))) {
  writeFormer(registry, folder);
  const settings = `password_file ${join(folder, 'passwords')}\nacl_file ${join(folder, 'acl')}\n`;
  return (text: string) => text.replace(/^plugin_opt.*\n/gm, '').replace(/^plugin .*\n/m, settings);
}

function writeFormer(registry: readonly RegistryEntry[], folder: string): void {
  const users = registry.map((entry) => {
    if (entry.kind === 'service') return { name: entry.username, hash: entry.passwordHash, topics: ['read tenants/#'] };
    const prefix = devicePrefix(entry.tenant, entry.device);
    const topics = [`write ${prefix}/telemetry`, `write ${prefix}/state`, `read ${prefix}/commands/#`];
    return { name: deviceUsername(entry.tenant, entry.device), hash: entry.passwordHash, topics };
  });
  const files = {
    passwords: users.map(({ name, hash }) => `${name}:${hash}\n`).join(''),
    acl: users
      .map(({ name, topics }) => `user ${name}\n${topics.map((topic) => `topic ${topic}\n`).join('')}\n`)
      .join(''),
  };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    giveToService(join(folder, name));
  }
}

/** What a change of the registry costs, ms. */
interface Pause {
  /** The longest that a device waited for an answer. On busy cores other programs are part of it. */
  longest: number;
  /** Processor time of the broker, without what it takes in a time as long without a change. */
  cpu: number;
  /** From the change until the device that was added is let in. */
  inForce: number;
}

async function pause(registry: RegistryEntry[], byFiles: boolean): Promise<Pause> {
  const folder = makeServiceDir(join(makeScratchDir(), 'files'));
  const broker = await start(registry, byFiles ? asFiles(registry, folder) : undefined);
  const device = await connectDevice(broker, 'd0');
  const passwordHash = await hashKey('m');
  const add = (name: string) => {
    const more = [...registry, { kind: 'device' as const, tenant: TENANT, device: name, passwordHash }];
    if (byFiles) {
      writeFormer(more, folder);
      broker.child.kill('SIGHUP');
    } else broker.sync(more);
  };
  const pings = pingAlways(device);
  const settle = byFiles ? 8000 : 2000;
  const used = async () => {
    const before = runMs(broker.pid);
    await sleep(settle);
    return runMs(broker.pid) - before;
  };
  await sleep(500);
  add('one');
  await sleep(settle);
  const longest = await pings.stop();
  // Each with a change of its own: pings and attempts are work of the broker's, too.
  const idle = await used();
  add('two');
  const cpu = await used();
  add('three');
  const inForce = await untilLetIn(broker, 'three');
  await broker.kill();
  return { longest, cpu: Math.max(0, cpu - idle), inForce };
}

/** How long until the broker lets a device in that was just added, ms. */
async function untilLetIn(broker: Mosquitto, name: string): Promise<number> {
  const started = performance.now();
  for (;;) {
    const client = await connectDevice(broker, name, 'm').catch(() => undefined);
    if (client) {
      const passed = performance.now() - started;
      await client.close();
      return passed;
    }
  }
}

/** Asks the broker again as soon as it has answered. */
function pingAlways(client: Client): { stop(): Promise<number> } {
  let longest = 0;
  let asked = 0;
  let isOver = false;
  const done = Promise.withResolvers<void>();
  const ask = () => {
    asked = performance.now();
    client.send({ cmd: 'pingreq' });
  };
  client.onPacket(() => {
    longest = Math.max(longest, performance.now() - asked);
    if (isOver) done.resolve();
    else setTimeout(ask, 1);
  });
  ask();
  return {
    stop: async () => {
      isOver = true;
      await done.promise;
      return longest;
    },
  };
}

async function throughput(registry: RegistryEntry[], configure: (text: string) => string) {
  const broker = await start(registry, configure);
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, (_, n) => connectDevice(broker, `d${n}`)));
  const before = cpuSeconds(broker.pid);
  const started = performance.now();
  const count = MESSAGES / CONNECTIONS;
  await Promise.all(
    clients.map(
      (client, n) =>
        startLoad(client, { topic: telemetryTopic(TENANT, `d${n}`), payloadBytes: 200, count, window: 50 }).done,
    ),
  );
  const seconds = (performance.now() - started) / 1000;
  const cpu = ((cpuSeconds(broker.pid) - before) / MESSAGES) * 1e6;
  await broker.kill();
  return { rate: MESSAGES / seconds, cpu };
}

async function start(registry: RegistryEntry[], configure?: (text: string) => string): Promise<Mosquitto> {
  return startMosquitto({
    dir: join(makeScratchDir(), 'broker'),
    port: await freePort(),
    registry,
    ...(configure && { configure }),
  });
}

const connectDevice = (broker: Mosquitto, device: string, password = KEY) =>
  connectClient({
    host: '127.0.0.1',
    port: broker.port,
    caFile: broker.certificates.caFile,
    username: deviceUsername(TENANT, device),
    password,
    clientId: device,
  });
