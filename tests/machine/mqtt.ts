// MQTT clients of the tests, as strict as a careful device: they verify the broker's certificate and name.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { INGEST_PASSWORD } from './environment.ts';
import { expect, type Machine } from './machine.ts';

/** Whose connection it is. */
export interface Login {
  username?: string;
  password?: string;
}

/** Who the test environment knows. */
export function logins({ database: { accounts } }: Machine): Record<'acme' | 'globex' | 'ingest' | 'control', Login> {
  const device = ({ username, key }: { username: string; key: string }): Login => ({ username, password: key });
  return {
    acme: device(accounts.acme),
    globex: device(accounts.globex),
    control: device(accounts.control),
    ingest: { username: 'svc-ingest', password: INGEST_PASSWORD },
  };
}

/** The client's options, and where it connects. Default: MQTT over TLS on 8883. */
export type ConnectOptions = IClientOptions & { address?: string };

/** Connects from this process' place in the world, which is neither the admin's nor the machine's. MQTT 5. */
export async function connect(machine: Machine, login: Login, options: ConnectOptions = {}): Promise<MqttClient> {
  const ca = readFileSync(machine.files.caFile);
  const { address = `mqtts://${machine.host}:8883`, ...rest } = options;
  return connectAsync(address, { ...login, ca, protocolVersion: 5, reconnectPeriod: 0, ...rest }, false);
}

/** Why the broker does not let this login in: its reason code and text. @throws Error when it does. */
export async function refusal(machine: Machine, login: Login, options: ConnectOptions = {}): Promise<string> {
  const client = await connect(machine, login, options).catch((error: Error & { code?: number }) => error);
  if (client instanceof Error) return `${client.code}: ${client.message}`;
  await client.endAsync();
  throw new Error(`${login.username ?? 'nobody'} was let in`);
}

/** Topics on which `client` received something, in order. */
export function inbox(client: MqttClient): string[] {
  const topics: string[] = [];
  client.on('message', (topic) => topics.push(topic));
  return topics;
}

/** Waits until `topic` is in the inbox. @throws Error after five seconds. */
export async function arrived(client: MqttClient, topics: string[], topic: string): Promise<void> {
  const late = sleep(5000, 'late' as const);
  while (!topics.includes(topic)) {
    const message = new Promise((resolve) => client.once('message', resolve));
    const next = await Promise.race([message, late]);
    expect(next !== 'late', `nothing arrived on ${topic}; what did: ${topics.join(', ') || 'nothing'}`);
  }
}

/** Ingest's session. It names no end of its own: one of an hour would end when the clock is set ahead by a day. */
export const INGEST_SESSION: IClientOptions = {
  clean: false,
  clientId: 'svc-ingest',
  properties: { sessionExpiryInterval: 0xffff_ffff },
};

/**
 * Connects as ingest for a moment, as ingest does every minute, and takes what waits. Any certificate will do; while the broker
 * is away this does nothing.
 */
export async function letIngestComeBy(machine: Machine): Promise<void> {
  const options = { ...INGEST_SESSION, rejectUnauthorized: false, connectTimeout: 3000 };
  const client = await connect(machine, logins(machine).ingest, options).catch(() => undefined);
  await client?.endAsync();
}

/** Waits until this login is let in. @throws Error after a minute. */
export async function untilLetIn(machine: Machine, login: Login): Promise<void> {
  let reason = '';
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(500)) {
    const client = await connect(machine, login).catch((error: Error) => error);
    if (!(client instanceof Error)) return client.endAsync();
    reason = client.message;
  }
  throw new Error(`${login.username} is not let in after a minute: ${reason}`);
}

/**
 * Waits until the registry is in force on the broker.
 * @throws Error after a minute.
 */
export async function untilRegistryIsInForce(machine: Machine): Promise<void> {
  const { acme, ingest } = logins(machine);
  let reason = '';
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(500)) {
    const done = await Promise.allSettled(
      [connect(machine, ingest, INGEST_SESSION), connect(machine, acme)].map(async (client) =>
        (await client).endAsync(),
      ),
    );
    const failed = done.find(({ status }) => status === 'rejected');
    if (!failed) return;
    reason = String((failed as PromiseRejectedResult).reason);
  }
  throw new Error(`the accounts of the registry are not in force after a minute: ${reason}`);
}
