// A database with old readings of two tenants, the role that archives them, and a folder as the store.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKey } from '../../../domain/credentials.ts';
import { openDatabase } from '../../../functions/database/connection.ts';
import { carryOutDeletions } from '../../../functions/deletion/delete.ts';
import { retire } from '../../../functions/retention/retire.ts';
import { createLogger } from '../../../functions/runtime/log.ts';
import { roleUrl } from '../../../lab/postgres.ts';
import { addressOf } from '../../../provisioning/database/connect.ts';
import { setLogin } from '../../../provisioning/database/login.ts';
import { startTestDatabase } from '../../../provisioning/database/testing/database.ts';
import { folderStore, type Store } from '../../store.ts';
import { runArchive } from '../archive.ts';

const DAY_MS = 86_400_000;
/** Signs links to the folder's objects. */
export const LINK_KEY = 'a key of the tests';
const log = createLogger('archive-lab', { level: 'silent', pretty: false });

export type ArchiveLab = Awaited<ReturnType<typeof startArchiveLab>>;

/** Readings stay 30 days. The archive is on. */
export async function startArchiveLab() {
  const database = await startTestDatabase();
  const { admin, postgres } = database;
  const folder = mkdtempSync(join(tmpdir(), 'archive-test-'));
  const passwords = { mqtt_ingest: generateKey(), archive_writer: generateKey() };
  for (const [role, password] of Object.entries(passwords)) await setLogin(admin, role, password);
  const urlOf = (role: keyof typeof passwords) => roleUrl(postgres.url, role, passwords[role]);
  const jobs = openDatabase(addressOf(urlOf('mqtt_ingest')));
  await admin.query("set timezone = 'UTC'");
  const tenants: string[] = [];
  const devices: string[] = [];

  /** Two tenants, each with two devices; those that are there are kept. */
  async function makeTenants(): Promise<void> {
    tenants.length = 0;
    devices.length = 0;
    for (const slug of ['acme', 'bolt']) {
      const { rows } = await admin.query(
        'insert into public.tenants (slug, name) values ($1, $1) on conflict (slug) do update set name = excluded.name returning id',
        [slug],
      );
      tenants.push(rows[0].id);
      const made = await admin.query(
        `insert into public.devices (tenant_id, slug, name) values ($1, 'one', 'One'), ($1, 'two', 'Two')
         on conflict (tenant_id, slug) do update set name = excluded.name returning id`,
        [rows[0].id],
      );
      devices.push(...made.rows.map(({ id }) => id as string));
    }
  }

  /** The UTC day `ago` days before now. */
  const day = (ago: number) => new Date(Date.now() - ago * DAY_MS).toISOString().slice(0, 10);

  /** A partition for that day, as there was when the day was today. */
  const openDay = (ago: number) => admin.query('select ingest.make_telemetry_partition($1)', [day(ago)]);

  /** Readings of all four devices, at odd microseconds, with payloads that are hard to keep. Received a second later, or when it is said. */
  async function add(
    ago: number,
    each: number,
    received = "ts + interval '1.000001 seconds'",
    only = tenants,
  ): Promise<void> {
    await admin.query(
      `insert into public.telemetry (tenant_id, device_id, ts, message_id, received_at, payload)
       select tenant_id, device_id, ts, message_id, ${received}, payload
       from (
         select d.tenant_id, d.id as device_id, $1::date + n * interval '17.000123 seconds' as ts,
           'm,"' || n || E'\\n\\r|é' || md5(d.id::text || n || $3) as message_id,
           jsonb_build_object('n', n, 'price', '1.10'::numeric, 'tiny', 1e-300::float8, 'text', E'q"\\\\\\n\\u0001|ÿ😀,', 'deep', array[null, 'x']) as payload
         from public.devices as d, generate_series(1, $2::int) as n
         where d.tenant_id = any ($4)
       ) as made`,
      [day(ago), each, randomUUID(), only],
    );
  }

  /** The newest message that the broker received: retention goes by it, too. */
  const hear = (ago = 0) =>
    admin.query(
      `insert into public.device_status (tenant_id, device_id, last_received_at)
       select tenant_id, id, clock_timestamp() - $1::int * interval '1 day' from public.devices
       on conflict (tenant_id, device_id) do update set last_received_at = excluded.last_received_at`,
      [ago],
    );

  const contents = async (from: string): Promise<string[]> => {
    const { rows } = await admin.query(
      `select concat_ws('|', tenant_id, device_id, extract(epoch from ts), message_id, extract(epoch from received_at), payload) as line
       from ${from} order by 1`,
    );
    return rows.map(({ line }) => line);
  };

  /** Tables that wait for the archive. */
  const waiting = async (): Promise<string[]> => {
    const { rows } = await admin.query(
      "select relname from pg_class where relname ~ '^retired_[0-9]{8}$' and relkind = 'r' order by 1",
    );
    return rows.map(({ relname }) => relname);
  };

  /** As at the beginning: two tenants with two devices each, no readings, no archive, 30 days. */
  async function reset(): Promise<void> {
    for (const name of await waiting()) await admin.query(`drop table ingest.${name}`);
    const { rows } = await admin.query(
      `select relname from pg_inherits join pg_class as c on c.oid = inhrelid
       where inhparent = 'public.telemetry'::regclass and relname ~ '^telemetry_[0-9]{8}$' and substr(relname, 11) < to_char(now(), 'YYYYMMDD')`,
    );
    for (const { relname } of rows) await admin.query(`drop table ingest.${relname}`);
    await admin.query(`
      truncate public.telemetry, ingest.retired_days, ingest.retired_rows, ingest.archive_objects, ingest.archive_removals,
        ingest.archive_runs, ingest.tenant_retention, ingest.chosen_retention, public.deletions, public.archive_requests, public.archive_links;
      update ingest.retention set days = 30, archive = true`);
    rmSync(folder, { recursive: true, force: true });
    await makeTenants();
    await hear();
  }

  await reset();
  return {
    admin,
    postgres,
    tenants,
    devices,
    folder,
    store: folderStore(folder, LINK_KEY),
    writer: { url: urlOf('archive_writer') },
    day,
    openDay,
    add,
    hear,
    contents,
    waiting,
    reset,
    /** The readings that people can see. */
    live: () => contents('public.telemetry'),
    carryOutDeletions: () => carryOutDeletions(jobs, log, () => 60_000),
    retire: () => retire(jobs, log, () => 60_000),
    archive: (store: Store = folderStore(folder, LINK_KEY), log = (_line: string) => {}) =>
      runArchive({ url: urlOf('archive_writer') }, store, log),
    stop: async () => {
      await jobs.close();
      await database.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
