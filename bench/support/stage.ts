// What collectors are measured on: a database with the platform's schema and a table of the same shape for the others,
// and for each run a broker of its own with an ingest session.
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'pg';
import { startLab } from '../../lab/lab.ts';
import type { RunningPostgres } from '../../lab/postgres.ts';
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
  schema: 'public',
  name: 'telemetry',
  tenant: 'tenant_id',
  device: 'device_id',
  id: "payload ->> 'id'",
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
  admin: Client;
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
  const lab = await startLab({ devices: DEVICES, fsync: true, pooler: false, broker: false });
  await lab.admin.query(MAKE_READINGS);
  // By the clock of each commit rows a second are counted; vacuum would fall into one collector's run and not another's.
  await lab.admin.query('alter system set track_commit_timestamp = on');
  await lab.admin.query('alter system set autovacuum = off');
  await lab.postgres.stop();
  await lab.restartPostgres();
  const { admin, postgres, devices } = lab;
  const ingestUrl = await lab.login('mqtt_ingest');
  return {
    admin,
    postgres,
    ingestUrl,
    keyOf: (table, index) => {
      const [ids, names] = [devices[index], DEVICES[index]];
      if (!ids || !names) throw new Error(`there is no device ${index}`);
      return table === TELEMETRY ? [ids.tenantId, ids.id] : [names.tenant, names.device];
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
          config: { maxQueuedMessages: 2 * messages + 1000, maxQueuedBytes: 2 ** 30 },
          // A save would stop the broker in one collector's run and not in another's.
          configure: (text) => text.replace(/^autosave_interval .*$/m, 'autosave_interval 0'),
        },
      );
      const session = await subscribeAll(rig.ingest, () => {});
      await session.close();
      return rig;
    },
    optionsFor: (rig, table) => ({
      broker: rig.ingest,
      databaseUrl: table === TELEMETRY ? ingestUrl : postgres.url,
      gateKey: readFileSync(rig.broker().stampKeyFile, 'utf8').trim(),
      table,
      dir: rig.dir,
      log: openSync(join(rig.dir, 'collector.log'), 'a', 0o600),
    }),
    stop: lab.stop,
  };
}

/** How many rows are committed. */
export async function countRows({ admin }: Stage, table: Table): Promise<number> {
  return (await admin.query<{ n: number }>(`select count(*)::int as n from ${nameOf(table)}`)).rows[0]?.n as number;
}

/** Ends a collector's log. */
export const closeLog = ({ log }: CollectorOptions) => closeSync(log);
