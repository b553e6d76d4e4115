// The laboratory: the platform's real parts on this machine, for a test or a bench that decides what dies when. Postgres with the
// schema and Mosquitto with the registry's accounts; when asked for, PgBouncer before the one and an ingest worker between the two.
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type mqtt from 'mqtt';
import type { Client } from 'pg';
import { generateKey } from '../domain/credentials.ts';
import { NEW_SESSION } from '../functions/broker/index.ts';
import { type IngestSettings, readIngestSettings } from '../functions/settings/ingest.ts';
import { INGEST_USERNAME, type RegistryEntry } from '../provisioning/broker/registry.ts';
import { applyMigrations } from '../provisioning/database/apply.ts';
import { connect, withConnection } from '../provisioning/database/connect.ts';
import { type LoginRole, setLogin } from '../provisioning/database/login.ts';
import {
  addDevice,
  type DeviceKey,
  type DeviceName,
  readRegistry,
  upsertServiceAccount,
} from '../provisioning/database/registry.ts';
import { connectTo, type LabDevice, labDevice, manyNames } from './devices.ts';
import { type IngestWorker, startIngestWorker } from './ingest-worker.ts';
import { type Mosquitto, type MosquittoOptions, startMosquitto } from './mosquitto.ts';
import { fillPool, startPgBouncer } from './pgbouncer.ts';
import { freePort } from './ports.ts';
import { type RunningPostgres, roleUrl, startPostgres } from './postgres.ts';
import { watchRegistry } from './registry-watch.ts';
import { startScratchPostgres } from './scratch-postgres.ts';
import { makeScratchDir } from './unprivileged.ts';

export type { LabDevice };

/** What a laboratory has. */
export interface LabOptions {
  /** Devices in the registry, by name; or this number of the tenant `acme`, and then one of `umbrella`. Default: none. */
  devices?: number | readonly DeviceName[];
  /** A migrated database to use, whose server outlives the lab. Default: a scratch server. */
  on?: RunningPostgres;
  /** Folder for a new server's files, such as a small disk; it must exist. */
  dataDir?: string;
  /** True: a new server that writes through to the disk, as in production. */
  fsync?: boolean;
  /** Ingest reaches the database through PgBouncer. Default: when MQTT_SAAS_TEST_POOLER=1, so that any test can be run so. */
  pooler?: boolean;
  /** Changes of the broker's configuration; false: no broker. */
  broker?: Pick<MosquittoOptions, 'config' | 'configure'> | false;
  /** An ingest worker runs, and its session is on the broker: what is published from now on is queued for it. */
  worker?: boolean;
  /** Settings of the worker beside those that it needs. */
  workerEnv?: Record<string, string>;
}

/** `broker` of a lab in which one account has a session for each of many ingests, side by side. */
export const MANY_SESSIONS = { configure: (text: string) => text.replace('use_username_as_clientid true', '') };

/** What a test works with. Each part can be killed through it, and started again at its port, with its data. */
export interface Lab {
  dir: string;
  readonly postgres: RunningPostgres;
  /** A superuser's connection, past the pooler. */
  readonly admin: Client;
  /** The URL of the superuser, through the pooler when there is one. */
  adminUrl: string;
  /** Stopped or killed before; `admin` is connected again. */
  restartPostgres(): Promise<void>;
  /** Lets a role of the platform log in. @returns its URL, past the pooler. */
  login(role: LoginRole): Promise<string>;
  readonly broker: Mosquitto;
  /** Stops what runs. @param configure changes mosquitto.conf, to break a guard. */
  startBroker(configure?: (text: string) => string): Promise<void>;
  /** From now on changes of the registry are in force on the broker within a second, as the machine's agent brings them. */
  followRegistry(): void;
  devices: LabDevice[];
  /** Key of svc-ingest and svc-control. */
  serviceKey: string;
  /** A client that does not reconnect. @throws when it is refused. */
  connect(username: string, password: string, options?: mqtt.IClientOptions): Promise<mqtt.MqttClient>;
  /** The environment for an ingest with this client id. */
  env(clientId: string, overrides?: Record<string, string>): Record<string, string>;
  settings(clientId: string, overrides?: Record<string, string>): IngestSettings;
  /** The one that was started last. */
  readonly worker: IngestWorker;
  startWorker(): void;
  /** Rows of a device, oldest first. */
  rows(device: { id: string }): Promise<{ message_id: string; ts: Date; payload: unknown }[]>;
  deadLetters(of: { topic: string }): Promise<{ reason: string; payload: Buffer; detail: string; tenant_id: string }[]>;
  /** The rows of telemetry, and how many different message ids they hold. */
  countRows(): Promise<{ rows: number; distinct: number }>;
  stop(): Promise<void>;
}

/** Starts it. What is started ends with this process, however that ends. The worker must have been built. */
export async function startLab({
  devices: wanted = [],
  on,
  dataDir,
  fsync = false,
  pooler = process.env.MQTT_SAAS_TEST_POOLER === '1',
  broker: brokerOptions,
  worker: withWorker = false,
  workerEnv = {},
}: LabOptions = {}): Promise<Lab> {
  const dir = makeScratchDir();
  const isNew = dataDir !== undefined || fsync;
  const first =
    on ??
    (isNew ? await startPostgres({ dataDir: dataDir ?? join(dir, 'postgres'), fsync }) : await startScratchPostgres());
  if (!on && isNew) await applyMigrations(first.url);
  let postgres = first;
  const { url } = first;
  let admin = await connect(url);
  const login = async (role: LoginRole) => {
    const password = generateKey();
    await setLogin(admin, role, password);
    return roleUrl(url, role, password);
  };
  const serviceKey = generateKey();
  for (const purpose of ['ingest', 'control'] as const) {
    await upsertServiceAccount(admin, { username: `svc-${purpose}`, purpose, key: serviceKey });
  }
  const names = typeof wanted === 'number' ? manyNames(wanted) : wanted;
  const keys: (DeviceName & DeviceKey)[] = [];
  for (const name of names) keys.push({ ...name, ...(await addDevice(admin, { ...name, createTenant: true })) });

  const direct = { admin: url, ingest: await login('mqtt_ingest') };
  const passwords = { postgres: new URL(url).password, mqtt_ingest: new URL(direct.ingest).password };
  const bouncer = pooler ? await startPgBouncer(join(dir, 'pooler'), first.port, passwords) : undefined;
  const pooled = (text: string) => Object.assign(new URL(text), { port: String(bouncer?.port ?? first.port) }).href;
  const [adminUrl, ingestUrl] = [pooled(direct.admin), pooled(direct.ingest)];
  if (bouncer) for (const each of [adminUrl, ingestUrl]) await fillPool(each);

  const { config, configure: usual } = brokerOptions || {};
  const port = config?.port ?? (await freePort());
  let entries: RegistryEntry[] = [];
  const startBroker = async (configure = usual) => {
    // While the database is away the last ones stay in force.
    entries = await withConnection(url, readRegistry).catch(() => entries);
    return startMosquitto({
      dir: join(dir, 'broker'),
      port,
      registry: entries,
      config,
      configure,
    });
  };
  let running = brokerOptions === false ? undefined : await startBroker();
  const broker = () => {
    if (!running) throw new Error('this lab has no broker: it was started with `broker: false`');
    return running;
  };
  const devices = keys.map((key) => labDevice(key, broker));

  const env = (clientId: string, overrides: Record<string, string> = {}) => ({
    MQTT_BROKER_URL: broker().url,
    MQTT_BROKER_USERNAME: INGEST_USERNAME,
    MQTT_BROKER_PASSWORD: serviceKey,
    MQTT_BROKER_CA: broker().certificates.caFile,
    MQTT_CLIENT_ID: clientId,
    EXTERNAL_DATABASE_CONNECTION_STRING: ingestUrl,
    // Beyond any test's own timeout: a run that ends only by it is seen to hang.
    INGEST_TIME_GUARD_MS: '600000',
    ...overrides,
  });
  let worker: IngestWorker | undefined;
  const startWorker = (onLog?: (entry: Record<string, unknown>) => void) => {
    worker = startIngestWorker({ env: env(INGEST_USERNAME, workerEnv), logFile: join(dir, 'ingest.log'), onLog });
    return worker;
  };
  if (withWorker) {
    const session = Promise.withResolvers<void>();
    const { child } = startWorker(({ msg }) => msg === NEW_SESSION && session.resolve());
    await Promise.race([session.promise, once(child, 'exit').then(failToStart)]);
  }

  const select = async (sql: string, ...values: string[]) => (await admin.query(sql, values)).rows;
  let following: ReturnType<typeof watchRegistry> | undefined;
  return {
    dir,
    adminUrl,
    devices,
    serviceKey,
    env,
    login,
    get postgres() {
      return postgres;
    },
    get admin() {
      return admin;
    },
    get broker() {
      return broker();
    },
    get worker() {
      if (!worker) throw new Error('no worker was started in this lab: startLab({ worker: true })');
      return worker;
    },
    restartPostgres: async () => {
      await admin.end().catch(() => {});
      postgres = await startPostgres({ dataDir: first.dataDir, port: first.port, fsync });
      admin = await connect(url);
    },
    startBroker: async (configure) => {
      await running?.stop();
      running = await startBroker(configure);
    },
    followRegistry: () => {
      following ??= watchRegistry(url, {
        everyMs: 300,
        onRegistry: (found) => void broker().sync(found),
        // Tests kill the database: while it is away, there is nothing to bring.
        onTrouble: () => {},
      });
    },
    connect: (username, password, more = {}) =>
      connectTo(broker(), username, password, { reconnectPeriod: 0, ...more }, false),
    settings: (clientId, overrides) => readIngestSettings(env(clientId, overrides)),
    startWorker: () => void startWorker(),
    rows: ({ id }) =>
      select('select message_id, ts, payload from public.telemetry where device_id = $1 order by ts', id),
    deadLetters: ({ topic }) =>
      select('select reason, payload, detail, tenant_id from public.dead_letters where topic = $1 order by id', topic),
    countRows: async () =>
      (
        await select('select count(*)::int as rows, count(distinct message_id)::int as distinct from public.telemetry')
      )[0],
    stop: async () => {
      await following?.stop();
      await worker?.stop();
      await running?.stop();
      await admin.end().catch(() => {});
      await bouncer?.stop();
      if (postgres !== first) await postgres.stop();
      if (!on) await first.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

const failToStart = (): never => {
  throw new Error('the ingest worker ended before it had a session on the broker');
};
