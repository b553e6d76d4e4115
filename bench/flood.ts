// One tenant floods at full speed from several connections: how much later are the others' messages delivered, and are any lost? Real
// broker with the machine's configuration and firewall, each party in a network namespace of its own.
// Needs root. Exit code 1 when the promise (MQTT-6) is broken.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ingressRules, MQTT_TLS_PORT } from '../domain/ingress.ts';
import { renderFirewall } from '../provisioning/machine/firewall.ts';
import { type BenchBroker, startBenchBroker } from './support/broker.ts';
import type { Delivered, Part, Published } from './support/flood-part.ts';
import { cpuSeconds } from './support/processes.ts';
import { quantile } from './support/quantiles.ts';

/** Inside the world of namespaces; see flood-world.sh for the addresses. */
const INSIDE = 'FLOOD_WORLD';
const MACHINE = '198.51.100.1';
const QUIET = 'quiet';
const QUIET_DEVICES = Array.from({ length: 10 }, (_, index) => [QUIET, `d${index}`] as const);
const FLOODERS = Array.from({ length: 8 }, (_, index) => ['loud', `d${index}`] as const);
/** Messages a second of each quiet device. */
const QUIET_RATE = 8;
/** The promise: with a flood, the 99th percentile is at most this many times the one without. */
const MOST = 3;

const own = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** @param args seconds each phase is measured (default: 15), addresses the flood comes from, 1 to 8 (default: 1). */
export async function run([seconds = '15', addresses = '1']: string[] = []): Promise<void> {
  if (process.env[INSIDE]) return measure(Number(seconds), Number(addresses));
  const world = ['-mnpf', '--mount-proc', '--kill-child', 'sh', own('./support/flood-world.sh')];
  const args = [...world, process.execPath, own('./main.ts'), 'flood', seconds, addresses];
  const { status } = spawnSync('unshare', args, { stdio: 'inherit', env: { ...process.env, [INSIDE]: '1' } });
  if (status !== 0) process.exitCode = 1;
}

async function measure(seconds: number, addresses: number): Promise<void> {
  const config = { listenAddress: '0.0.0.0', port: MQTT_TLS_PORT };
  const rig = await startBenchBroker([...QUIET_DEVICES, ...FLOODERS], { config });
  const firewall = join(rig.dir, 'nftables.conf');
  writeFileSync(firewall, renderFirewall(ingressRules({ adminCidrs: ['203.0.113.10/32'] })));
  console.log('phase                     p50, ms  p99, ms  max, ms  of quiet  flood msgs/s  broker CPU  lost');
  const open = await phase(rig, 'quiet, no firewall', { seconds });
  await phase(rig, 'flood, no firewall', { seconds, addresses, quietP99: open.p99 });
  spawnSync('nft', ['-f', firewall], { stdio: 'inherit' });
  const quiet = await phase(rig, 'quiet', { seconds });
  const flood = await phase(rig, 'flood', { seconds, addresses, quietP99: quiet.p99 });
  await rig.remove();
  const ratio = flood.p99 / quiet.p99;
  console.log(
    `p99 with a flood is ${ratio.toFixed(2)} times the quiet one (promise: at most ${MOST}), ${flood.lost} lost`,
  );
  if (ratio > MOST || flood.lost > 0) process.exitCode = 1;
}

interface PhaseOptions {
  seconds: number;
  /** Addresses a flood comes from. Default: 0, no flood. */
  addresses?: number;
  quietP99?: number;
}

interface Outcome {
  p99: number;
  lost: number;
}

/** Measures the quiet tenant's deliveries, with a flood or without. */
async function phase(rig: BenchBroker, name: string, options: PhaseOptions): Promise<Outcome> {
  const { seconds, addresses = 0, quietP99 } = options;
  const ingestAccount = { ...rig.ingest, host: MACHINE };
  const ingest = await startPart('ingest', { role: 'ingest', account: ingestAccount, follow: QUIET });
  const cpu = cpuSeconds(rig.broker().pid);
  const quiet = await startPart('quiet', quietly(rig));
  // Its beginning counts: connections, handshakes, and what the firewall lets through at once.
  const flood = addresses > 0 ? await startPart('flood', flooding(rig, addresses)) : undefined;
  await sleep(seconds * 1000);
  const busy = (cpuSeconds(rig.broker().pid) - cpu) / seconds;
  const { acknowledged } = (await quiet.end()) as Published;
  const loud = (await flood?.end()) as Published | undefined;
  await sleep(1000);
  const { ages } = (await ingest.end()) as Delivered;
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => quantile(Object.values(ages), share)) as [
    number,
    number,
    number,
  ];
  const lost = acknowledged.filter((id) => ages[id] === undefined).length;
  const columns = [
    ...[p50, p99, max].map((age) => age.toFixed(1).padStart(7)),
    (quietP99 ? (p99 / quietP99).toFixed(2) : '').padStart(8),
    String(Math.round((loud?.total ?? 0) / seconds)).padStart(12),
    `${(busy * 100).toFixed(0)} %`.padStart(10),
    String(lost).padStart(4),
  ];
  console.log([name.padEnd(24), ...columns].join('  '));
  return { p99, lost };
}

/** Small messages, because the broker's work is by the message. */
function flooding(rig: BenchBroker, addresses: number): Part {
  const devices = FLOODERS.map(([tenant, device], index) => ({
    tenant,
    device,
    account: { ...rig.device(tenant, device), host: MACHINE, localAddress: `198.51.100.${4 + (index % addresses)}` },
  }));
  return { role: 'publish', devices, payloadBytes: 64, window: 2000 };
}

function quietly(rig: BenchBroker): Part {
  const devices = QUIET_DEVICES.map(([tenant, device]) => ({
    tenant,
    device,
    account: { ...rig.device(tenant, device), host: MACHINE },
  }));
  return { role: 'publish', devices, rate: QUIET_RATE, payloadBytes: 200, window: 1000 };
}

/** Starts a party in its namespace; returns when it is connected. */
async function startPart(namespace: string, part: Part): Promise<{ end(): Promise<unknown> }> {
  const args = ['netns', 'exec', namespace, process.execPath, own('./support/flood-part.ts')];
  const child = spawn('ip', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.write(`${JSON.stringify(part)}\n`);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const { value } = await lines.next();
  if (value !== 'ready') throw new Error(`the party "${namespace}" did not connect`);
  return {
    end: async () => {
      child.stdin.end('end\n');
      const line = await lines.next();
      if (child.exitCode === null) await once(child, 'exit');
      return JSON.parse(line.value ?? 'null');
    },
  };
}
