// Broker and database for ingest's own tests, which run ingest inside the test's process: its clock and its parts can be
// replaced there. One rig a test file; each test uses a device and a client id of its own.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import pg from 'pg';
import { generateKey, hashKey } from '../../domain/credentials.ts';
import { deviceUsername } from '../../domain/identifiers.ts';
import { telemetryTopic } from '../../domain/topics.ts';
import { createLogger, type Logger } from '../../functions/runtime/log.ts';
import { type IngestSettings, readIngestSettings } from '../../functions/settings/ingest.ts';
import { type Mosquitto, startMosquitto } from '../../lab/mosquitto.ts';
import { fillPool, startPgBouncer } from '../../lab/pgbouncer.ts';
import { freePort } from '../../lab/ports.ts';
import { type RunningPostgres, startPostgres } from '../../lab/postgres.ts';
import { startScratchPostgres } from '../../lab/scratch-postgres.ts';
import { makeScratchDir } from '../../lab/unprivileged.ts';
import type { RegistryEntry } from '../../provisioning/broker/registry.ts';
import { applyMigrations } from '../../provisioning/database/apply.ts';
import { setLogin } from '../../provisioning/database/login.ts';

/** A device that is registered and may publish. */
export interface RigDevice {
  tenant: string;
  device: string;
  topic: string;
  id: string;
  /** Connects, publishes in order with QoS 1 (or as told), and disconnects when all is acknowledged. */
  publish(payloads: readonly (string | Buffer)[], options?: mqtt.IClientPublishOptions): Promise<void>;
  /** A connection of its own, to be ended by the caller. */
  connect(options?: mqtt.IClientOptions): Promise<mqtt.MqttClient>;
}

/** What a test works with. */
export interface IngestRig {
  postgres: RunningPostgres;
  broker(): Mosquitto;
  /** A superuser's connection. */
  admin: pg.Client;
  password: string;
  devices: RigDevice[];
  /** A device the broker lets in, although the database does not know it. */
  stranger: RigDevice;
  /** The environment for an ingest with this client id. */
  env(clientId: string, overrides?: Record<string, string>): Record<string, string>;
  settings(clientId: string, overrides?: Record<string, string>): IngestSettings;
  /** Rows of a device, oldest first. */
  rows(device: RigDevice): Promise<{ message_id: string; ts: Date; payload: unknown }[]>;
  deadLetters(device: RigDevice): Promise<{ reason: string; payload: Buffer; detail: string; tenant_id: string }[]>;
  startBroker(): Promise<void>;
  /** Starts Postgres again after it was stopped or killed, on its port and with its data. `admin` stays cut off. */
  restartPostgres(): Promise<void>;
  /** The URL of the superuser, through the pooler when there is one. */
  adminUrl: string;
  stop(): Promise<void>;
}

const INGEST_USERNAME = 'svc-ingest';

/** How a rig differs from the usual one. */
export interface RigOptions {
  /** Ingest reaches the database through PgBouncer. Default: when MQTT_SAAS_TEST_POOLER=1, so that any test can be run so. */
  pooler?: boolean;
  /** Folder for Postgres' data, such as a small disk; it must exist. Default: a temporary one. */
  dataDir?: string;
  /** A migrated server to use, which the rig stops in the end. Default: one of its own. */
  server?: RunningPostgres;
}

/** Starts Postgres and Mosquitto. @param count devices of the tenant `acme`; one more belongs to `umbrella`. */
export async function startIngestRig(
  count: number,
  { pooler = process.env.MQTT_SAAS_TEST_POOLER === '1', dataDir, server }: RigOptions = {},
): Promise<IngestRig> {
  const dir = makeScratchDir();
  const first = server ?? (dataDir ? await startPostgres({ dataDir, fsync: false }) : await startScratchPostgres());
  if (dataDir) await applyMigrations(first.url);
  let postgres = first;
  const admin = new pg.Client(postgres.url);
  admin.on('error', () => {});
  await admin.connect();
  const databaseKey = generateKey();
  const password = generateKey();
  await setLogin(admin, 'mqtt_ingest', databaseKey);
  const superuser = new URL(postgres.url);
  const bouncer = pooler
    ? await startPgBouncer(join(dir, 'pooler'), postgres.port, {
        ...{ mqtt_ingest: databaseKey, postgres: superuser.password },
      })
    : undefined;
  superuser.port = String(bouncer?.port ?? postgres.port);
  const adminUrl = superuser.href;
  const databaseUrl = Object.assign(superuser, { username: 'mqtt_ingest', password: databaseKey }).href;

  if (bouncer) for (const url of [adminUrl, databaseUrl]) await fillPool(url);

  const names = [
    ...Array.from({ length: count }, (_, index) => ({ tenant: 'acme', device: `pump-${index + 1}` })),
    { tenant: 'umbrella', device: 'hive' },
  ];
  const key = generateKey();
  const stranger = { tenant: 'acme', device: 'stranger' };
  const passwordHash = await hashKey(key);
  const registry: RegistryEntry[] = [
    ...[...names, stranger].map((name) => ({ kind: 'device' as const, ...name, passwordHash })),
    { kind: 'service', username: INGEST_USERNAME, purpose: 'ingest', passwordHash: await hashKey(password) },
  ];
  const port = await freePort();
  // The tests run side by side as one account, each with a session of its own.
  const configure = (text: string) => text.replace('use_username_as_clientid true', '');
  const start = () => startMosquitto({ dir: join(dir, 'broker'), port, registry, configure });
  let broker = await start();

  const connectDevice = ({ tenant, device }: { tenant: string; device: string }, options: mqtt.IClientOptions = {}) =>
    mqtt.connectAsync(broker.url, {
      protocolVersion: 5,
      clientId: deviceUsername(tenant, device),
      username: deviceUsername(tenant, device),
      password: key,
      ca: readFileSync(broker.certificates.caFile),
      ...options,
    });
  const make = (name: { tenant: string; device: string }, id: string): RigDevice => ({
    ...name,
    id,
    topic: telemetryTopic(name.tenant, name.device),
    connect: (options) => connectDevice(name, options),
    publish: async (payloads, options = {}) => {
      const client = await connectDevice(name);
      const topic = telemetryTopic(name.tenant, name.device);
      await Promise.all(payloads.map((payload) => client.publishAsync(topic, payload, { qos: 1, ...options })));
      await client.endAsync();
    },
  });
  const devices: RigDevice[] = [];
  for (const name of names) {
    const { rows } = await admin.query<{ id: string }>(
      `with tenant as (
         insert into public.tenants (slug, name) values ($1, $1) on conflict (slug) do update set name = $1 returning id)
       insert into public.devices (tenant_id, slug, name) select id, $2, $2 from tenant returning id`,
      [name.tenant, name.device],
    );
    devices.push(make(name, rows[0]!.id));
  }

  const env = (clientId: string, overrides: Record<string, string> = {}) => ({
    MQTT_BROKER_URL: broker.url,
    MQTT_BROKER_USERNAME: INGEST_USERNAME,
    MQTT_BROKER_PASSWORD: password,
    MQTT_BROKER_CA: broker.certificates.caFile,
    MQTT_CLIENT_ID: clientId,
    EXTERNAL_DATABASE_CONNECTION_STRING: databaseUrl,
    // Beyond any test's own timeout: a run that ends only by it is seen to hang.
    INGEST_TIME_GUARD_MS: '600000',
    ...overrides,
  });
  return {
    ...{ admin, adminUrl, password, devices, env },
    get postgres() {
      return postgres;
    },
    stranger: make(stranger, ''),
    broker: () => broker,
    settings: (clientId, overrides) => readIngestSettings(env(clientId, overrides)),
    rows: async ({ id }) =>
      (await admin.query('select message_id, ts, payload from public.telemetry where device_id = $1 order by ts', [id]))
        .rows,
    deadLetters: async ({ topic }) =>
      (
        await admin.query(
          'select reason, payload, detail, tenant_id from public.dead_letters where topic = $1 order by id',
          [topic],
        )
      ).rows,
    startBroker: async () => {
      broker = await start();
    },
    restartPostgres: async () => {
      postgres = await startPostgres({ dataDir: first.dataDir, port: first.port, fsync: false });
    },
    stop: async () => {
      await admin.end().catch(() => {});
      await broker.stop();
      await bouncer?.stop();
      await postgres.stop();
      await first.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A logger that keeps its lines, and as text. */
export function keepLog(level: 'debug' | 'info' = 'debug'): {
  log: Logger;
  lines: Record<string, unknown>[];
  text(): string;
} {
  const lines: Record<string, unknown>[] = [];
  let text = '';
  const destination = {
    write: (line: string) => {
      text += line;
      lines.push(JSON.parse(line));
    },
  };
  return { log: createLogger('mqtt_ingest', { level, pretty: false, destination }), lines, text: () => text };
}

/** A signal that is never aborted. */
export const never = new AbortController().signal;
