// What collectors are measured on: a database with the platform's schema and a table of the same shape for the others,
// and for each run a broker of its own with an ingest session.
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { generateKey } from '../../domain/credentials.ts';
import { type RunningPostgres, startPostgres } from '../../lab/postgres.ts';
import { makeScratchDir } from '../../lab/unprivileged.ts';
import { applyMigrations } from '../../provisioning/database/apply.ts';
import { setLogin } from '../../provisioning/database/login.ts';
import { addDevice } from '../../provisioning/database/registry.ts';
import { type BenchBroker, startBenchBroker } from './broker.ts';
import type { CollectorOptions } from './collectors.ts';
import { DEVICES } from './readings.ts';
import { subscribeAll } from './subscriber.ts';

/** A table that readings go to. */
export interface Table {
  schema: string;
  name: string;
  /** Its columns for tenant and device, and what gives the reading's id; `ts` is part of its key, too. */
  tenant: string;
  device: string;
  id: string;
}

/** The platform's own. */
export const TELEMETRY: Table = {
  ...{ schema: 'public', name: 'telemetry', tenant: 'tenant_id', device: 'device_id', id: "payload ->> 'id'" },
};
/** For collectors that know no registry: names instead of ids, else the same columns, and the same key in one index. */
export const READINGS: Table = { schema: 'bench', name: 'readings', tenant: 'tenant', device: 'device', id: 'id' };

/** As SQL has it. */
export const nameOf = ({ schema, name }: Table) => `${schema}.${name}`;

// The columns' names are Telegraf's; the tutorial does not mind.
const MAKE_READINGS = `
  create schema bench;
  create table bench.readings (
    tenant text not null, device text not null, ts timestamptz not null, id text not null,
    received_at timestamptz not null default now(), fields jsonb not null,
    primary key (tenant, device, ts, id))`;

/** The database's end. */
export interface Stage {
  /** A superuser's connection. */
  admin: pg.Client;
  postgres: RunningPostgres;
  /** URL of the role that ingest has in production. */
  ingestUrl: string;
  /** What a table has for the tenant and the device with this index: ids or names. */
  keyOf(table: Table, index: number): [tenant: string, device: string];
  /** Empties the tables, so that every run begins alike. */
  clear(): Promise<void>;
  /** A broker with a session that everything published is queued for. */
  startBroker(messages: number): Promise<BenchBroker>;
  /** How a collector of the superuser's, or ingest, reaches both. Close `log` afterwards. */
  optionsFor(rig: BenchBroker, table: Table): CollectorOptions;
  stop(): Promise<void>;
}

/** Starts the database as it is run, with fsync. */
export async function startStage(): Promise<Stage> {
  const dir = makeScratchDir();
  const dataDir = join(dir, 'postgres');
  mkdirSync(dataDir);
  let postgres = await startPostgres({ dataDir });
  await applyMigrations(postgres.url);
  let admin = await connectTo(postgres.url);
  const key = generateKey();
  await setLogin(admin, 'mqtt_ingest', key);
  const devices: { tenantId: string; deviceId: string }[] = [];
  for (const { tenant, device } of DEVICES) {
    devices.push(await addDevice(admin, { tenant, device, createTenant: true }));
  }
  await admin.query(MAKE_READINGS);
  // By the clock of each commit rows a second are counted; vacuum would fall into one collector's run and not another's.
  await admin.query('alter system set track_commit_timestamp = on');
  await admin.query('alter system set autovacuum = off');
  await admin.end();
  await postgres.stop();
  postgres = await startPostgres({ dataDir, port: postgres.port });
  admin = await connectTo(postgres.url);
  const ingestUrl = Object.assign(new URL(postgres.url), { username: 'mqtt_ingest', password: key }).href;
  return {
    ...{ admin, postgres, ingestUrl },
    keyOf: (table, index) => {
      const [ids, names] = [devices[index], DEVICES[index]];
      if (!ids || !names) throw new Error(`there is no device ${index}`);
      return table === TELEMETRY ? [ids.tenantId, ids.deviceId] : [names.tenant, names.device];
    },
    clear: async () => {
      await admin.query(
        'truncate public.telemetry, public.ingest_ledger, public.dead_letters, ingest.untimed, bench.readings',
      );
      await admin.query('checkpoint');
    },
    startBroker: async (messages) => {
      const rig = await startBenchBroker(
        DEVICES.map(({ tenant, device }) => [tenant, device] as const),
        {
          config: { maxQueuedMessages: messages + 1000, maxQueuedBytes: 2 ** 30 },
          // A save would stop the broker in one collector's run and not in another's.
          configure: (text) => text.replace(/^autosave_interval .*$/m, 'autosave_interval 0'),
        },
      );
      const session = await subscribeAll(rig.ingest, () => {});
      await session.close();
      return rig;
    },
    optionsFor: (rig, table) => ({
      ...{ broker: rig.ingest, databaseUrl: table === TELEMETRY ? ingestUrl : postgres.url, table, dir: rig.dir },
      log: openSync(join(rig.dir, 'collector.log'), 'a', 0o600),
    }),
    stop: async () => {
      await admin.end();
      await postgres.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** How many rows are committed. */
export async function countRows({ admin }: Stage, table: Table): Promise<number> {
  return (await admin.query<{ n: number }>(`select count(*)::int as n from ${nameOf(table)}`)).rows[0]?.n as number;
}

/** Ends a collector's log. */
export const closeLog = ({ log }: CollectorOptions) => closeSync(log);

async function connectTo(url: string): Promise<pg.Client> {
  const client = new pg.Client(url);
  client.on('error', () => {});
  await client.connect();
  return client;
}
