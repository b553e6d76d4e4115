// Broker, database and ingest for tests, each restartable by itself: the parts of the local platform, without its
// supervision, so that a test decides what dies when.
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { generateKey } from '../../domain/credentials.ts';
import { NEW_SESSION } from '../../functions/broker/index.ts';
import { type IngestWorker, startIngestWorker } from '../../lab/ingest-worker.ts';
import { type Mosquitto, startMosquitto } from '../../lab/mosquitto.ts';
import { freePort } from '../../lab/ports.ts';
import { type RunningPostgres, roleUrl, startPostgres } from '../../lab/postgres.ts';
import { makeScratchDir } from '../../lab/unprivileged.ts';
import { watchRegistry } from '../../local/registry-watch.ts';
import { INGEST_USERNAME } from '../../provisioning/broker/registry.ts';
import { applyMigrations } from '../../provisioning/database/apply.ts';
import { withConnection } from '../../provisioning/database/connect.ts';
import { setLogin } from '../../provisioning/database/login.ts';
import { readRegistry, upsertServiceAccount } from '../../provisioning/database/registry.ts';

/** The parts, and how to start each again after it was killed. */
export interface TestStack {
  dir: string;
  databaseUrl: string;
  postgres: RunningPostgres;
  broker: Mosquitto;
  ingest: IngestWorker;
  restartPostgres(): Promise<void>;
  /** @param configure changes mosquitto.conf, to break a guard. */
  restartBroker(configure?: (text: string) => string): Promise<void>;
  startIngest(settings?: Record<string, string>): void;
  /** The rows of telemetry, and how many different message ids they hold. */
  countRows(): Promise<{ rows: number; distinct: number }>;
  stop(): Promise<void>;
}

/** Starts all three in a temporary folder. The functions must be built (tests/build.setup.ts does). */
export async function startStack(): Promise<TestStack> {
  const dir = makeScratchDir();
  const [databasePort, mqttPort] = [await freePort(), await freePort()];
  const passwords = { ingest: generateKey(), sync: generateKey(), broker: generateKey() };
  const startDatabase = () => startPostgres({ dataDir: join(dir, 'postgres'), port: databasePort });

  const postgres = await startDatabase();
  const { url } = postgres;
  await applyMigrations(url);
  await withConnection(url, async (client) => {
    await setLogin(client, 'mqtt_ingest', passwords.ingest);
    await setLogin(client, 'broker_sync', passwords.sync);
    await upsertServiceAccount(client, { username: INGEST_USERNAME, purpose: 'ingest', key: passwords.broker });
  });
  const startBroker = async (configure?: (text: string) => string) =>
    startMosquitto({
      dir: join(dir, 'broker'),
      port: mqttPort,
      registry: await withConnection(url, readRegistry),
      ...(configure && { configure }),
    });
  const broker = await startBroker();
  const startWorker = (settings: Record<string, string> = {}, onLog?: (entry: Record<string, unknown>) => void) =>
    startIngestWorker({
      ...(onLog && { onLog }),
      brokerUrl: broker.url,
      username: INGEST_USERNAME,
      password: passwords.broker,
      caFile: broker.certificates.caFile,
      clientId: INGEST_USERNAME,
      databaseUrl: roleUrl(url, 'mqtt_ingest', passwords.ingest),
      logFile: join(dir, 'ingest.log'),
      settings,
    });

  // A reading that is published before ingest has ever been on the broker is queued for nobody.
  const session = Promise.withResolvers<void>();
  const ingest = startWorker({}, ({ msg }) => msg === NEW_SESSION && session.resolve());
  await Promise.race([session.promise, once(ingest.child, 'exit').then(failToStart)]);

  const stack: TestStack = {
    dir,
    databaseUrl: url,
    postgres,
    broker,
    ingest,
    restartPostgres: async () => {
      stack.postgres = await startDatabase();
    },
    restartBroker: async (configure) => {
      await stack.broker.stop();
      stack.broker = await startBroker(configure);
    },
    startIngest: (settings) => {
      stack.ingest = startWorker(settings);
    },
    countRows: () =>
      withConnection(url, async (client) => {
        const { rows } = await client.query(
          'select count(*)::int as rows, count(distinct message_id)::int as distinct from public.telemetry',
        );
        return rows[0];
      }),
    stop: async () => {
      await watch.stop();
      await stack.ingest.stop();
      await stack.broker.stop();
      await stack.postgres.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  const watch = watchRegistry(roleUrl(url, 'broker_sync', passwords.sync), {
    onRegistry: (entries) => stack.broker.sync(entries),
    onTrouble: () => {},
  });
  return stack;
}

const failToStart = (): never => {
  throw new Error('the ingest worker ended before it had a session on the broker');
};
