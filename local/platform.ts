// The platform on this machine: database, broker, ingest, registry watch and front door, started in this order and stopped in reverse.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { QUESTION_SETTINGS } from '../domain/questions.ts';
import { CONTROL_USERNAME } from '../functions/settings/control.ts';
import { type IngestWorker, startIngestWorker } from '../lab/ingest-worker.ts';
import { type Mosquitto, startMosquitto } from '../lab/mosquitto.ts';
import { freePort, isPortFree } from '../lab/ports.ts';
import { type RunningPostgres, roleUrl, startPostgres } from '../lab/postgres.ts';
import { watchRegistry } from '../lab/registry-watch.ts';
import { INGEST_USERNAME, ingestUsername } from '../provisioning/broker/registry.ts';
import { applyMigrations } from '../provisioning/database/apply.ts';
import { withConnection } from '../provisioning/database/connect.ts';
import { setLogin } from '../provisioning/database/login.ts';
import { readRegistry, upsertServiceAccount } from '../provisioning/database/registry.ts';
import { API_ROLE, makeApiRole, makeAuthTables } from './api-role.ts';
import { DASHBOARD_DIR } from './dashboard.ts';
import { releaseDeadLeases } from './dead-lease.ts';
import { type FrontDoor, startFrontDoor } from './front-door.ts';
import { type IngestAccount, readIngestAccount, watchIngestAccount } from './ingest-account.ts';
import type { RunningInstance } from './instance.ts';
import { keepSaving } from './save-cycle.ts';
import { loadSecrets, type PlatformSecrets } from './secrets.ts';
import { type Supervised, supervise } from './supervise.ts';

/** How to start a platform. */
export interface PlatformOptions {
  name: string;
  /** Folder for all its data. */
  dir: string;
  /** Port of MQTT over TLS. Default: a free one. An error if a given one is taken. */
  mqttPort?: number;
  /** Port of the dashboard and the API. Default: a free one. An error if a given one is taken. */
  dashboardPort?: number;
  /** Ports to use if they are free, so that addresses stay the same from start to start. */
  preferredPorts?: { mqtt?: number; database?: number; dashboard?: number; health?: number };
  /** Called at each step. */
  onProgress?: (step: string) => void;
  /** Called when a part fails, and when it works again. */
  onTrouble?: (message: string) => void;
  /** Called with each line of the ingest worker's log. */
  onIngestLog?: (entry: Record<string, unknown>) => void;
}

/** A running platform. */
export interface Platform {
  instance: RunningInstance;
  secrets: PlatformSecrets;
  saveSecrets: () => void;
  database: Supervised<RunningPostgres>;
  broker: Supervised<Mosquitto>;
  ingest: Supervised<IngestWorker>;
  frontDoor: Supervised<FrontDoor>;
  /** Stops every part in reverse order. No acknowledged message is lost. */
  stop(): Promise<void>;
}

/** Starts everything. @throws Error that says which part could not be started and why; the others are stopped again. */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const { name, dir, onProgress = () => {}, onTrouble = () => {} } = options;
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const stopPart of stops.splice(0).reverse()) await stopPart();
  };
  try {
    const { secrets, save } = loadSecrets(join(dir, 'secrets.json'));
    const ingestAccountFile = join(dir, 'ingest-account.json');

    onProgress('database');
    const databasePort = await choosePort(options.preferredPorts?.database);
    const database = await supervise(
      'the database',
      () => startPostgres({ dataDir: join(dir, 'postgres'), port: databasePort }),
      onTrouble,
    );
    stops.push(database.stop);
    const { url } = database.current;
    onProgress('schema and logins');
    await prepareDatabase(url, secrets, readIngestAccount(ingestAccountFile));

    onProgress('broker');
    const mqttPort = options.mqttPort ?? (await choosePort(options.preferredPorts?.mqtt));
    const syncUrl = roleUrl(url, 'broker_sync', secrets.syncDatabase);
    let registry = await withConnection(syncUrl, readRegistry);
    const broker = await supervise(
      'the broker',
      () => startMosquitto({ dir: join(dir, 'broker'), port: mqttPort, registry, config: { autosaveSeconds: 300 } }),
      onTrouble,
    );
    stops.push(broker.stop);
    stops.push(keepSaving(() => broker.current, onTrouble).stop);
    const watch = watchRegistry(syncUrl, {
      onRegistry: (entries) => {
        registry = entries;
        broker.current.sync(entries);
      },
      onTrouble,
    });
    stops.push(watch.stop);

    onProgress('ingest');
    const { certificates } = broker.current;
    const dashboardPort = options.dashboardPort ?? (await choosePort(options.preferredPorts?.dashboard));
    const healthPort = await choosePort(options.preferredPorts?.health);
    const ingest = await supervise(
      'the ingest worker',
      async () => {
        const { generation, inForce, keys } = readIngestAccount(ingestAccountFile);
        const other = inForce.find((another) => another !== generation);
        await releaseDeadLeases(url);
        return startIngestWorker({
          env: {
            MQTT_BROKER_URL: broker.current.url,
            MQTT_BROKER_CA: certificates.caFile,
            MQTT_GATE_KEY_FILE: broker.current.stampKeyFile,
            MQTT_BROKER_USERNAME: ingestUsername(generation),
            MQTT_BROKER_PASSWORD: keys[generation]!,
            ...(other !== undefined && {
              MQTT_BROKER_PREVIOUS_USERNAME: ingestUsername(other),
              MQTT_BROKER_PREVIOUS_PASSWORD: keys[other]!,
            }),
            MQTT_CLIENT_ID: INGEST_USERNAME,
            ...fromDeveloper(MAIL),
            ...questionSettings(dashboardPort, secrets.publishableKey),
            NOTIFY_KEY: secrets.notify,
            NOTIFY_ALLOW_LOOPBACK: 'true',
            NOTIFY_DASHBOARD_URL: `http://localhost:${dashboardPort}`,
            MQTT_CONTROL_PASSWORD: secrets.controlBroker,
            HEALTH_PORT: String(healthPort),
            PROMETHEUS_ENABLED: 'true',
            EXTERNAL_DATABASE_CONNECTION_STRING: roleUrl(url, 'mqtt_ingest', secrets.ingestDatabase),
          },
          logFile: join(dir, 'ingest.log'),
          onTrouble,
          onLog: options.onIngestLog,
        });
      },
      onTrouble,
    );
    stops.push(ingest.stop);
    const rotation = watchIngestAccount(ingestAccountFile, () => void ingest.replace());
    stops.push(async () => rotation.stop());

    onProgress('front door');
    const frontDoor = await supervise(
      'the front door',
      () =>
        startFrontDoor({
          port: dashboardPort,
          siteDir: DASHBOARD_DIR,
          databaseUrl: roleUrl(url, API_ROLE, secrets.apiDatabase),
          jwtSecret: secrets.jwtSecret,
          publishableKey: secrets.publishableKey,
          broker: { host: '127.0.0.1', port: mqttPort, caFile: certificates.caFile },
          archive: { folder: join(dir, 'archive'), linkKey: secrets.archiveLinks },
          questionsUrl: process.env.QUESTIONS_URL && `http://127.0.0.1:${healthPort}/api/questions`,
          logFile: join(dir, 'front-door.log'),
        }),
      onTrouble,
    );
    stops.push(frontDoor.stop);

    const instance: RunningInstance = {
      name,
      pid: process.pid,
      brokerPid: broker.current.pid,
      mqttPort,
      ca: readFileSync(certificates.caFile, 'utf8'),
      caFile: certificates.caFile,
      databasePort,
      databaseUrl: url,
      dashboardUrl: frontDoor.current.url,
      healthUrl: `http://127.0.0.1:${healthPort}`,
      publishableKey: secrets.publishableKey,
      brokerLog: broker.current.logFile,
      ingestAccountFile,
      backups: {
        databaseUrl: roleUrl(url, 'backup_reader', secrets.backupDatabase),
        store: join(dir, 'backups'),
        key: secrets.backupKey,
      },
      archive: {
        databaseUrl: roleUrl(url, 'archive_writer', secrets.archiveDatabase),
        store: join(dir, 'archive'),
        linkKey: secrets.archiveLinks,
      },
    };
    return { instance, secrets, saveSecrets: save, database, broker, ingest, frontDoor, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Schema, logins of the roles, and the ingest worker's broker account in each generation in force. */
async function prepareDatabase(url: string, secrets: PlatformSecrets, account: IngestAccount): Promise<void> {
  await withConnection(url, makeAuthTables);
  const { applied } = await applyMigrations(url);
  await withConnection(url, async (client) => {
    // On this machine people may try it out; elsewhere the operator makes the tenants.
    if (applied.length > 0)
      await client.query('update access.platform_limits set tenants_per_person = 5 where tenants_per_person = 0');
    await makeApiRole(client, secrets.apiDatabase);
    await setLogin(client, 'mqtt_ingest', secrets.ingestDatabase);
    await setLogin(client, 'broker_sync', secrets.syncDatabase);
    await setLogin(client, 'backup_reader', secrets.backupDatabase);
    await setLogin(client, 'archive_writer', secrets.archiveDatabase);
    for (const generation of account.inForce) {
      const key = account.keys[generation]!;
      await upsertServiceAccount(client, { username: ingestUsername(generation), purpose: 'ingest', key });
    }
    const control = { username: CONTROL_USERNAME, purpose: 'control', key: secrets.controlBroker } as const;
    await upsertServiceAccount(client, control);
  });
}

async function choosePort(preferred: number | undefined): Promise<number> {
  return preferred !== undefined && (await isPortFree(preferred)) ? preferred : freePort();
}

/** A mail server that the developer names: without one this platform sends no mail. */
const MAIL = ['NOTIFY_SMTP_URL', 'NOTIFY_SMTP_PASSWORD', 'NOTIFY_FROM', 'NOTIFY_CA'];
/** Of a provider that the developer names: without one nobody can ask questions. */
function questionSettings(dashboardPort: number, publishableKey: string): Record<string, string> {
  if (!process.env.QUESTIONS_URL) return {};
  return {
    ...fromDeveloper([...QUESTION_SETTINGS, 'QUESTIONS_KEY']),
    QUESTIONS_API_URL: `http://127.0.0.1:${dashboardPort}`,
    QUESTIONS_PUBLISHABLE_KEY: publishableKey,
  };
}

/** Those of these settings that are in this process's environment. */
function fromDeveloper(names: string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name] as string]] : [])));
}
