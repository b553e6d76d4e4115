// What every check needs: two scratch tenants with one device each, and an account that sends commands. They are made in the registry
// and removed afterwards.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';
import type { Client } from 'pg';
import { generateKey } from '../../domain/credentials.ts';
import { devicePrefix } from '../../domain/topics.ts';
import { withConnection } from '../../provisioning/database/connect.ts';
import {
  addDevice,
  deleteServiceAccount,
  removeTenant,
  upsertServiceAccount,
} from '../../provisioning/database/registry.ts';
import type { VerifyTarget } from './target.ts';

/** User name and key of a client that may connect. */
export interface Credentials {
  username: string;
  password: string;
}

/** A device the checks may use. */
export interface ScratchDevice extends Credentials {
  tenant: string;
  device: string;
}

/** Passed to every check. */
export interface VerifyContext {
  target: VerifyTarget;
  /** How long a check waits for an expected event, in milliseconds. */
  patienceMs: number;
  /** Two devices of two different tenants. */
  a: ScratchDevice;
  b: ScratchDevice;
  /** May send commands to every device: shows that a refusal to a device is not just a missing message. */
  control: Credentials;
  /** Connects to the broker with full verification; the connection ends with the checks. @throws the broker's answer */
  connect(credentials: Partial<Credentials>): Promise<mqtt.MqttClient>;
  /** Seconds since the newest canary that has come was sent; undefined when none has. */
  canaryAge(): Promise<number | undefined>;
  /** Rows in telemetry that belong to a scratch device. */
  rows(device: ScratchDevice): Promise<{ payload: Record<string, unknown> }[]>;
}

/** A change of the registry reaches the broker within seconds (MQTT-4); after this time it has failed. */
const REGISTRY_TIMEOUT_MS = 20_000;

/** Makes what the checks need, runs `work`, and removes everything again, whatever happens. */
export function withContext<T>(
  target: VerifyTarget,
  patienceMs: number,
  work: (context: VerifyContext) => Promise<T>,
): Promise<T> {
  return withConnection(target.database, async (database) => {
    const clients: mqtt.MqttClient[] = [];
    const id = randomBytes(4).toString('hex');
    const tenants = [`verify-${id}-a`, `verify-${id}-b`] as const;
    const control = { username: `svc-verify-${id}`, password: generateKey() };
    try {
      const context: VerifyContext = {
        target,
        patienceMs,
        a: await makeDevice(database, tenants[0]),
        b: await makeDevice(database, tenants[1]),
        control,
        connect: async (credentials) => {
          const client = await connectStrictly(target, credentials);
          clients.push(client);
          return client;
        },
        canaryAge: async () => {
          const { rows } = await database.query<{ age: number | null }>(
            'select min(age_seconds) as age from ingest.canary_ages',
          );
          return rows[0]?.age ?? undefined;
        },
        rows: async ({ tenant }) => {
          const sql = `select payload from public.telemetry
            where tenant_id = (select id from public.tenants where slug = $1)`;
          return (await database.query(sql, [tenant])).rows;
        },
      };
      await upsertServiceAccount(database, {
        username: control.username,
        purpose: 'control',
        key: control.password,
      });
      await untilInForce(context);
      return await work(context);
    } finally {
      await Promise.all(clients.map((client) => client.endAsync(true)));
      for (const tenant of tenants) await removeTenant(database, tenant);
      await deleteServiceAccount(database, control.username);
    }
  });
}

async function makeDevice(database: Client, tenant: string): Promise<ScratchDevice> {
  const device = 'probe';
  const { username, key } = await addDevice(database, { tenant, device, createTenant: true });
  return { tenant, device, username, password: key };
}

function connectStrictly(target: VerifyTarget, credentials: Partial<Credentials>): Promise<mqtt.MqttClient> {
  const options: mqtt.IClientOptions = {
    ...credentials,
    protocolVersion: 5,
    reconnectPeriod: 0,
    connectTimeout: 10_000,
    rejectUnauthorized: true,
    ...(target.ca && { ca: target.ca }),
  };
  return mqtt.connectAsync(`mqtts://${target.host}:${target.port}`, options, false);
}

/** Waits until each account may connect and publish: credentials and rights reach the broker in two files. */
async function untilInForce({ connect, a, b, control }: VerifyContext): Promise<void> {
  const deadline = Date.now() + REGISTRY_TIMEOUT_MS;
  const own = ({ tenant, device }: ScratchDevice, channel: string) => `${devicePrefix(tenant, device)}/${channel}`;
  const accounts: [Credentials, topic: string][] = [
    [a, own(a, 'state')],
    [b, own(b, 'state')],
    [control, own(a, 'commands/ready')],
  ];
  for (const [account, topic] of accounts) {
    while (!(await mayPublish(connect, credentialsOf(account), topic))) {
      if (Date.now() > deadline) {
        throw new Error(
          `the broker still refuses a device ${REGISTRY_TIMEOUT_MS / 1000} s after it was added to the registry: is the registry sync running?`,
        );
      }
      await sleep(250);
    }
  }
}

async function mayPublish(
  connect: VerifyContext['connect'],
  credentials: Credentials,
  topic: string,
): Promise<boolean> {
  try {
    const client = await connect(credentials);
    await client.publishAsync(topic, '{}', { qos: 1 });
    await client.endAsync();
    return true;
  } catch (error) {
    if (isRefusal(error)) return false;
    throw error;
  }
}

/** What a device needs to connect, and nothing else. */
export function credentialsOf({ username, password }: Credentials): Credentials {
  return { username, password };
}

/** MQTT 5 reason codes with which a broker refuses a connection: bad user name or password, not authorized. */
const REFUSALS = [0x86, 0x87];

/** True if the broker itself refused the client, as opposed to a network or TLS error. */
export function isRefusal(error: unknown): boolean {
  return REFUSALS.includes((error as { code?: number }).code ?? 0);
}
