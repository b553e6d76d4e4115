// One tenant floods at full speed from several connections; the others are served as before. bench/flood.ts says more.
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Device, Part } from '../../../bench/support/flood-part.ts';
import { type ClientOptions, connectClient } from '../../../bench/support/mqtt-client.ts';
import { readPayload, startLoad } from '../../../bench/support/publisher.ts';
import { subscribeAll } from '../../../bench/support/subscriber.ts';
import { telemetryTopic } from '../../../domain/topics.ts';
import { addDevice, removeTenant } from '../../../provisioning/database/registry.ts';
import { INGEST_PASSWORD } from '../environment.ts';
import { type Check, expect, type Machine } from '../machine.ts';

export const QUIET = 'quiet';
export const LOUD = 'loud';
/** Messages a second of each quiet device. */
const RATE = 20;
export const PHASE_MS = 10_000;
export const MOST_SLOWER = 3;
/** A broker that a flood slows down is slow each time; other work of the test host comes and goes. */
const ATTEMPTS = 3;
/** Below this a busy test host says more than the machine. */
export const LEAST_P99_MS = 5;
export const PART = fileURLToPath(new URL('../../../bench/support/flood-part.ts', import.meta.url));

export const account = ({ addresses, files, host }: Machine, username: string, password: string): ClientOptions => ({
  ...{ host: addresses.machine.v4, port: 8883, caFile: files.caFile, name: host },
  ...{ username, password, clientId: username },
});

export async function register(machine: Machine, tenant: string, count = 4): Promise<Device[]> {
  const devices: Device[] = [];
  for (let index = 0; index < count; index += 1) {
    const device = `d${index}`;
    const { username, key } = await addDevice(machine.database.client, { tenant, device, createTenant: true });
    devices.push({ tenant, device, account: account(machine, username, key) });
  }
  return devices;
}

/** Waits until the broker knows a device that was just registered. @throws its refusal after a minute. */
export async function untilLetIn({ account: login }: Device): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const client = await connectClient(login).catch((error: Error) => error);
    if (!(client instanceof Error)) return client.close();
    if (attempt === 60) throw client;
    await sleep(1000);
  }
}

/**
 * The 99th percentile of the tenant's deliveries, milliseconds, and how many acknowledged messages are missing.
 * @param others is given the payloads of other tenants.
 */
export async function deliveries(
  machine: Machine,
  quiet: Device[],
  others: (payload: Buffer) => void = () => {},
): Promise<{ p99: number; lost: number }> {
  const ages = new Map<string, number>();
  const ingest = await subscribeAll(account(machine, 'svc-ingest', INGEST_PASSWORD), (payload, topic) => {
    if (!topic.startsWith(`tenants/${QUIET}/`)) return others(payload);
    const { number, ageMs } = readPayload(payload);
    ages.set(`${topic} ${number}`, ageMs);
  });
  const signal = AbortSignal.timeout(PHASE_MS);
  const loads = quiet.map(async ({ tenant, device, account: login }) => {
    const topic = telemetryTopic(tenant, device);
    const client = await connectClient(login);
    const load = startLoad(client, { topic, payloadBytes: 200, rate: RATE, signal });
    await load.done;
    await client.close();
    return load.acknowledged.map((number) => `${topic} ${number}`);
  });
  const acknowledged = (await Promise.all(loads)).flat();
  await sleep(1000);
  await ingest.close();
  const sorted = [...ages.values()].sort((a, b) => a - b);
  const lost = acknowledged.filter((message) => !ages.has(message)).length;
  return { p99: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN, lost };
}

export const checks: Check[] = [
  {
    name: `while one tenant floods, the others’ p99 stays within ${MOST_SLOWER} times its quiet value, nothing is lost`,
    // It uses up what the outsider's address may send.
    disturbs: true,
    run: async (machine) => {
      try {
        const [quiet, loud] = [await register(machine, QUIET), await register(machine, LOUD)];
        await untilLetIn(loud.at(-1)!);
        let shown = '';
        for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
          const alone = await deliveries(machine, quiet);
          const part: Part = { role: 'publish', devices: loud, payloadBytes: 64, window: 2000 };
          const command = `(cat; sleep ${PHASE_MS / 1000 + 1}; echo end) | ${process.execPath} ${PART}`;
          const flood = machine.outsider(command, { input: `${JSON.stringify(part)}\n` });
          const flooded = await deliveries(machine, quiet);
          const { stdout } = await flood;
          const total = (JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as { total?: number }).total ?? 0;
          expect(total > 1000, `there was no flood: ${stdout}`);
          expect(alone.lost + flooded.lost === 0, `${alone.lost} and ${flooded.lost} messages lost`);
          shown = `p99 ${alone.p99.toFixed(1)} ms, with ${total} messages of a flood ${flooded.p99.toFixed(1)} ms`;
          if (flooded.p99 <= MOST_SLOWER * Math.max(alone.p99, LEAST_P99_MS)) return shown;
        }
        throw new Error(`slower in each of ${ATTEMPTS} floods; in the last one: ${shown}`);
      } finally {
        for (const tenant of [QUIET, LOUD]) await removeTenant(machine.database.client, tenant);
      }
    },
  },
];
