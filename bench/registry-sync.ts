// The cost of keeping the broker in line with a large registry: the rewrite, the time until a change is in force, and how long connected
// devices wait while the broker reads its files, compared with the same devices undisturbed.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Packet } from 'mqtt-packet';
import type { ClientBase } from 'pg';
import { generateKey, hashKey } from '../domain/credentials.ts';
import { telemetryTopic } from '../domain/topics.ts';
import { addDevice, rotateDevice, setDeviceEnabled } from '../provisioning/database/registry.ts';
import { type AgentLab, startAgentLab } from '../provisioning/machine/bundle/testing/agent.ts';
import { type Client, type ClientOptions, connectClient } from './support/mqtt-client.ts';
import { quantile } from './support/quantiles.ts';
import { subscribeAll } from './support/subscriber.ts';
import { timed } from './support/timed.ts';

const TENANT = 'fleet';
/** Times each change is made. */
const CHANGES = 5;
/** Messages a second of all clients together: what a device a second would send on a small machine. */
const RATE = 500;
const QUIET_MS = 20_000;
/** A message that was sent so long before or after a reload may have waited for it. */
const AROUND_MS = 1000;

/** @param args devices in the registry, connected clients. Default: 10000 2000. */
export async function run([devices = '10000', clients = '2000']: string[] = []): Promise<void> {
  const key = generateKey();
  const rig = await startAgentLab();
  try {
    await register(rig.admin, Number(devices), await hashKey(key));
    await measureRewrite(rig, Number(devices));
    await measureChanges(rig);
    await measureStall(rig, Number(clients), key);
  } finally {
    await rig.stop();
  }
}

/** All devices with one key: what the broker does for each is the same. */
async function register(client: ClientBase, count: number, hash: string): Promise<void> {
  await client.query('insert into public.tenants (slug, name) values ($1, $1)', [TENANT]);
  await client.query(
    `with made as (
       insert into public.devices (tenant_id, slug, name)
       select t.id, 'd' || n, 'd' || n from public.tenants as t, generate_series(1, $1::int) as n where t.slug = $2
       returning id, tenant_id
     ) insert into public.device_credentials (tenant_id, device_id, password_hash) select tenant_id, id, $3 from made`,
    [count, TENANT, hash],
  );
  // As autovacuum does within a minute; without it Postgres takes the tables for small.
  await client.query('analyze');
}

async function measureRewrite(rig: AgentLab, devices: number): Promise<void> {
  rig.startAgent();
  await until(() => (rig.metric('accounts') ?? 0) >= devices && rig.reloads() > 0);
  const seconds = rig.metric('sync_duration_seconds') ?? Number.NaN;
  console.log(
    `${devices} devices: read, rendered, checked and written in ${(seconds * 1000).toFixed(0)} ms (goal: 1000)`,
  );
}

async function measureChanges(rig: AgentLab): Promise<void> {
  const times = { added: [] as number[], rotated: [] as number[], disabled: [] as number[] };
  for (let n = 0; n < CHANGES; n += 1) {
    const device = { tenant: TENANT, device: `changed-${n}` };
    const { username, key } = await addDevice(rig.admin, device);
    times.added.push(await timed(() => untilAccepted(rig, username, key)));
    const rotated = await rotateDevice(rig.admin, device);
    times.rotated.push(await timed(() => untilAccepted(rig, username, rotated.key)));
    const live = await rig.connect(username, rotated.key);
    const cut = new Promise<void>((resolve) => live.once('close', () => resolve()));
    await setDeviceEnabled(rig.admin, device, false);
    times.disabled.push(await timed(() => cut));
  }
  for (const [what, values] of Object.entries(times)) {
    console.log(`a device ${what}: in force after ${describe(values, 's', 1000)} (goal: 5 s)`);
  }
}

async function measureStall(rig: AgentLab, count: number, key: string): Promise<void> {
  const { port, certificates } = rig.broker;
  const base = { host: '127.0.0.1', port, caFile: certificates.caFile };
  let received = 0;
  const ingest = await subscribeAll(
    { ...base, username: 'svc-ingest', password: rig.serviceKey, clientId: 'mqtt-ingest' },
    () => (received += 1),
  );
  const clients = await connectAll(base, count, key);
  const load = publish(clients);
  await sleep(3000);
  const quietFrom = performance.now();
  await sleep(QUIET_MS);
  const quietTo = performance.now();
  const reloads: number[] = [];
  const spare = { tenant: TENANT, device: 'spare' };
  await addDevice(rig.admin, spare);
  for (let n = 0; n < CHANGES; n += 1) {
    const before = rig.reloads();
    await rotateDevice(rig.admin, spare);
    await until(() => rig.reloads() > before);
    reloads.push(performance.now());
    await sleep(3000);
  }
  const sent = await load.stop();
  await until(() => received >= sent.length);
  const latencies = (chosen: (at: number) => boolean) => sent.filter(({ at }) => chosen(at)).map(({ ms }) => ms);
  const quiet = latencies((at) => at > quietFrom && at < quietTo);
  const disturbed = latencies((at) => reloads.some((reload) => Math.abs(at - reload) < AROUND_MS));
  console.log(`${count} clients, ${RATE} messages a second, from publish to acknowledgement:`);
  console.log(`  undisturbed: ${describe(quiet, 'ms')}`);
  console.log(`  in the ${(2 * AROUND_MS) / 1000} s around each of ${CHANGES} reloads: ${describe(disturbed, 'ms')}`);
  const [quietP99, disturbedP99] = [quantile(quiet, 0.99), quantile(disturbed, 0.99)];
  const [stall, ratio] = [disturbedP99 - quietP99, disturbedP99 / quietP99];
  console.log(
    `  a sync adds ${stall.toFixed(0)} ms to the p99 (${ratio.toFixed(1)} times); ` +
      `${lost(clients)} clients cut off`,
  );
  for (const client of [...clients, ingest]) client.socket.destroy();
}

async function connectAll(base: Omit<ClientOptions, 'username' | 'password' | 'clientId'>, count: number, key: string) {
  const clients: Client[] = [];
  const connectSome = async () => {
    for (let n = clients.push(undefined as never); n <= count; n = clients.push(undefined as never)) {
      const username = `${TENANT}.d${n}`;
      clients[n - 1] = await connectClient({ ...base, username, password: key, clientId: username });
    }
  };
  await Promise.all(Array.from({ length: 20 }, connectSome));
  return clients.slice(0, count);
}

/** Publishes in turns. `stop` resolves with when each message was sent and how long its acknowledgement took. */
function publish(clients: Client[]): { stop(): Promise<{ at: number; ms: number }[]> } {
  const sent: { at: number; ms: number }[] = [];
  const waiting = clients.map(() => new Map<number, { at: number; ms: number }>());
  for (const [index, client] of clients.entries()) {
    client.onPacket((packet: Packet) => {
      const message = packet.cmd === 'puback' ? waiting[index]!.get(packet.messageId!) : undefined;
      if (!message) return;
      message.ms = performance.now() - message.at;
      waiting[index]!.delete(packet.messageId!);
    });
  }
  const started = performance.now();
  const timer = setInterval(() => {
    while (sent.length < ((performance.now() - started) / 1000) * RATE) {
      const index = sent.length % clients.length;
      const messageId = (Math.floor(sent.length / clients.length) % 65_535) + 1;
      const message = { at: performance.now(), ms: Number.POSITIVE_INFINITY };
      waiting[index]!.set(messageId, message);
      sent.push(message);
      const topic = telemetryTopic(TENANT, `d${index + 1}`);
      clients[index]!.send({ cmd: 'publish', topic, payload: '{"v":1}', qos: 1, messageId, dup: false, retain: false });
    }
  }, 2);
  return {
    stop: async () => {
      clearInterval(timer);
      await until(() => waiting.every((map) => map.size === 0));
      return sent;
    },
  };
}

const lost = (clients: Client[]) => clients.filter(({ socket }) => socket.destroyed).length;

async function untilAccepted(rig: AgentLab, username: string, key: string): Promise<void> {
  for (;;) {
    const client = await rig.connect(username, key).catch(() => undefined);
    if (client) return void (await client.endAsync(true));
    await sleep(50);
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (const deadline = performance.now() + 60_000; !condition(); await sleep(20)) {
    if (performance.now() > deadline) throw new Error('the measurement did not get on for a minute');
  }
}

const describe = (values: number[], unit: string, divisor = 1) =>
  [0.5, 0.99, 1]
    .map(
      (share) =>
        `${share === 1 ? 'most' : `p${share * 100}`} ${(quantile(values, share) / divisor).toFixed(2)} ${unit}`,
    )
    .join(', ');
