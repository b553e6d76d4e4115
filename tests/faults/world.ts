// What faults happen to: broker, database and an ingest worker as processes, the network between them, and their devices.
import { setTimeout as sleep } from 'node:timers/promises';
import { peakMiB } from '../../bench/support/processes.ts';
import { stopChild } from '../../lab/child.ts';
import { type IngestWorker, startIngestWorker } from '../../lab/ingest-worker.ts';
import { type Lab, type LabOptions, MANY_SESSIONS, startLab } from '../../lab/lab.ts';
import { startProxy, type TcpProxy } from '../../lab/proxy.ts';
import { withConnection } from '../../provisioning/database/connect.ts';
import { type Load, startLoad } from './load.ts';
import type { Chance } from './random.ts';

/** The client id: the session on the broker and the lease. */
const CLIENT_ID = 'faults';

/** A running platform under load. */
export interface World {
  rig: Lab;
  load: Load;
  chance: Chance;
  /** The network between ingest and the two. */
  links: { broker: TcpProxy; database: TcpProxy };
  /** The workers that run. */
  workers: IngestWorker[];
  /** Messages of the workers' logs. */
  said: string[];
  /** Environment for another ingest of the same session. */
  env(): Record<string, string>;
  startWorker(): void;
  /** SIGKILL of all workers. */
  killWorkers(): Promise<void>;
  /** A new worker, which need not wait for the lease of those that were killed: as if its 30 seconds were over. */
  replaceWorkers(): Promise<void>;
  /** Most memory any worker has had resident, MiB. */
  peakMemory(): number;
  stop(): Promise<void>;
}

/** Starts everything; `npm run build` must have been run. */
export async function startWorld(chance: Chance, options: LabOptions = {}): Promise<World> {
  const rig = await startLab({ devices: 4, broker: MANY_SESSIONS, ...options });
  const links = {
    broker: await startProxy(rig.broker.port),
    database: await startProxy(Number(new URL(rig.env('').EXTERNAL_DATABASE_CONNECTION_STRING!).port)),
  };
  const url = (text: string, { port }: TcpProxy) => Object.assign(new URL(text), { port: String(port) }).href;
  const env = (): Record<string, string> => {
    const plain = rig.env(CLIENT_ID);
    return {
      ...plain,
      MQTT_BROKER_URL: `mqtts://127.0.0.1:${links.broker.port}`,
      EXTERNAL_DATABASE_CONNECTION_STRING: url(plain.EXTERNAL_DATABASE_CONNECTION_STRING!, links.database),
    };
  };
  const load = await startLoad(rig.devices, chance);
  let peak = 0;
  const measure = () => {
    for (const { child } of world.workers) peak = Math.max(peak, peakMiB(child.pid!));
  };
  const measuring = setInterval(measure, 200);
  const world: World = {
    rig,
    load,
    chance,
    links,
    env,
    workers: [],
    said: [],
    startWorker: () => {
      const worker = startIngestWorker({
        env: { ...env(), LOG_LEVEL: 'debug' },
        logFile: '/dev/null',
        onLog: ({ msg, error }) => {
          if (msg !== 'batch committed') world.said.push(`${msg} ${JSON.stringify(error ?? '')}`);
        },
      });
      world.workers.push(worker);
    },
    killWorkers: async () => {
      measure();
      await Promise.all(world.workers.map(({ child }) => stopChild(child, 'SIGKILL')));
      world.workers.length = 0;
    },
    replaceWorkers: async () => {
      const expire = "update ingest.leases set expires_at = '-infinity' where name = $1";
      await withConnection(rig.postgres.url, (client) => client.query(expire, [CLIENT_ID]));
      world.startWorker();
    },
    peakMemory: () => {
      measure();
      return peak;
    },
    stop: async () => {
      clearInterval(measuring);
      await load.stop();
      await Promise.all(world.workers.map((worker) => worker.stop()));
      await links.broker.stop();
      await links.database.stop();
      await rig.stop();
    },
  };
  world.startWorker();
  // What is published before the broker has the session has no queue to wait in.
  while (!world.said.some((line) => line.startsWith('connected to the broker'))) await sleep(20);
  return world;
}
