// A restore drill: a backup into a scratch server, compared with what was backed up, read as two tenants, and used by the app.
import { randomUUID } from 'node:crypto';
import type { ClientBase } from 'pg';
import { generateKey } from '../../domain/credentials.ts';
import { telemetryTopic } from '../../domain/topics.ts';
import { evaluateAlerts } from '../../functions/alerts/evaluate.ts';
import { openDatabase } from '../../functions/database/connection.ts';
import { acquireLease } from '../../functions/database/lease.ts';
import { Batch } from '../../functions/ingest/batch.ts';
import { createRegistry } from '../../functions/ingest/registry.ts';
import { createStore } from '../../functions/ingest/store.ts';
import { encodePrefix } from '../../functions/ingest/write.ts';
import { createLogger } from '../../functions/runtime/log.ts';
import { Delivery } from '../../functions/source/delivery.ts';
import { roleUrl } from '../../lab/postgres.ts';
import { startScratchPostgres } from '../../lab/scratch-postgres.ts';
import { addressOf, type DatabaseAccess, inTransaction, withConnection } from '../../provisioning/database/connect.ts';
import { setLogin } from '../../provisioning/database/login.ts';
import { record, rowsOf, type Vault, verifyBackup } from './backup.ts';
import { compareFacts, readFacts } from './facts.ts';
import type { Listed } from './kept.ts';
import { restoreInto } from './restore.ts';

/** What a drill found. */
export interface Drilled {
  rows: bigint;
  /** Each in a sentence; empty: the backup is good. */
  problems: string[];
}

/** An empty server for a drill, as its superuser. */
export interface Scratch {
  url: string;
  stop(): Promise<void>;
}

/**
 * Makes a drill, and records what it found in the database that was backed up.
 * @param reader that database, as the role that reads all of it.
 * @returns the result in a sentence.
 * @throws Error when anything differs.
 */
export async function recordedDrill(
  reader: DatabaseAccess,
  vault: Vault,
  backup: Listed,
  log: (line: string) => void,
  startScratch?: () => Promise<Scratch>,
): Promise<string> {
  const startedAt = new Date();
  const { rows, problems } = await drill(vault, backup, log, startScratch).catch((error: Error) => ({
    rows: undefined,
    problems: [error.message],
  }));
  const [first] = problems;
  const problem = first && (problems.length > 1 ? `${first.slice(0, 400)} (and ${problems.length - 1} more)` : first);
  // First: a database that is away takes no record.
  for (const each of problems) log(each);
  const result = { kind: 'drill' as const, name: backup.name, startedAt, bytes: backup.bytes };
  await record(reader, { ...result, ...(rows === undefined ? {} : { rows }), ...(problem ? { problem } : {}) });
  if (problems.length > 0) throw new Error(`${backup.name} is not what was backed up: see above`);
  const seconds = Math.round((Date.now() - startedAt.getTime()) / 1000);
  return `${backup.name}: ${rows} rows restored in ${seconds} s; everything is equal, and the app works with it`;
}

/**
 * Restores a backup on a scratch server, looks at it, and removes it again.
 * @param log called at each step. @param startScratch default: a server on this machine.
 * @throws Error when it cannot be restored at all.
 */
export async function drill(
  vault: Vault,
  backup: Listed,
  log: (line: string) => void,
  startScratch: () => Promise<Scratch> = () => startScratchPostgres({ migrate: false }),
): Promise<Drilled> {
  log(`reading ${backup.name} from ${vault.store.where}`);
  const facts = await verifyBackup(vault, backup);
  const rows = rowsOf(facts);
  const scratch = await startScratch();
  try {
    log(`restoring ${rows} rows into a scratch server`);
    await restoreInto({ url: scratch.url }, vault, backup.name, facts);
    return await withConnection(scratch.url, async (client) => {
      await client.query('analyze');
      log('comparing');
      const problems = compareFacts(facts, await inTransaction(client, () => readFacts(client)));
      log('reading as two tenants');
      problems.push(...(await inspect('tenants', () => readAsTenants(client))));
      log('starting the app against it');
      problems.push(...(await inspect('the app', () => runApp(scratch.url, client))));
      return { rows, problems };
    });
  } finally {
    await scratch.stop();
  }
}

/** What an inspection throws is its finding. */
async function inspect(what: string, work: () => Promise<string[]>): Promise<string[]> {
  try {
    return await work();
  } catch (error) {
    return [`${what}: ${(error as Error).message}`];
  }
}

/** Tables that people read, by the column that says whose a row is. */
const READ = { 'public.tenants': 'id', 'public.devices': 'tenant_id', 'public.telemetry': 'tenant_id' };

/** Two people, each a member of one tenant, see the rows of their own and no other. Undone afterwards. */
async function readAsTenants(client: ClientBase): Promise<string[]> {
  const problems: string[] = [];
  await client.query('begin');
  try {
    const { rows } = await client.query<{ id: string }>(
      'select t.id from public.tenants as t order by (select count(*) from public.devices as d where d.tenant_id = t.id) desc, t.id limit 2',
    );
    while (rows.length < 2) {
      const slug = `drill-${randomUUID().slice(0, 8)}`;
      rows.push(
        ...(await client.query('insert into public.tenants (slug, name) values ($1, $1) returning id', [slug])).rows,
      );
    }
    const people = rows.map(({ id }) => ({ tenant: id, person: randomUUID() }));
    for (const { tenant, person } of people) {
      const email = `${person}@drill.invalid`;
      await client.query('insert into auth.users (id, email) values ($1, $2)', [person, email]);
      await client.query(
        "insert into public.memberships (tenant_id, user_id, email, role) values ($1, $2, $3, 'owner')",
        [tenant, person, email],
      );
    }
    for (const { tenant, person } of people) {
      for (const [table, column] of Object.entries(READ)) {
        const count = async (where: string) =>
          (await client.query<{ n: string }>(`select count(*) as n from ${table} ${where}`)).rows[0]!.n;
        const own = await count(`where ${column} = '${tenant}'`);
        await client.query('savepoint as_person');
        await client.query('set local role authenticated');
        await client.query("select set_config('request.jwt.claims', $1, true)", [
          JSON.stringify({ sub: person, role: 'authenticated' }),
        ]);
        const [seen, others] = [await count(''), await count(`where ${column} <> '${tenant}'`)];
        await client.query('rollback to savepoint as_person');
        if (others !== '0') problems.push(`a member of one tenant sees ${others} rows of others in ${table}`);
        if (seen !== own) problems.push(`a member of a tenant sees ${seen} of its ${own} rows in ${table}`);
      }
    }
    return problems;
  } finally {
    await client.query('rollback');
  }
}

/** Ingest's store writes a reading of the first device, and alert rules are judged, both as the app's own role. */
async function runApp(url: string, client: ClientBase): Promise<string[]> {
  const password = generateKey();
  await setLogin(client, 'mqtt_ingest', password);
  const database = openDatabase(addressOf(roleUrl(url, 'mqtt_ingest', password)));
  const problems: string[] = [];
  try {
    const { rows } = await client.query<{ id: string; tenant: string; device: string }>(
      `select d.id, t.slug as tenant, d.slug as device from public.devices as d join public.tenants as t on t.id = d.tenant_id
       where d.enabled and not exists (select from broker.former_topics as f where f.device_id = d.id) order by t.slug, d.slug limit 1`,
    );
    const lease = await acquireLease(database, 'restore-drill');
    if (!lease) throw new Error('the lease of a drill is taken');
    if (rows[0]) {
      const { id, tenant, device } = rows[0];
      await database.query('select ingest.ensure_telemetry_partitions()', []);
      const batch = new Batch(createRegistry(database, encodePrefix, Date.now));
      const payload = Buffer.from(JSON.stringify({ drill: randomUUID() }));
      const topic = telemetryTopic(tenant, device);
      batch.add(new Delivery(topic, payload, 0, payload.length, false, 1, false, 1, Date.now()));
      await createStore(database, lease, 'restore-drill').write(batch);
      const stored = await client.query('select from public.telemetry where device_id = $1 and payload = $2::jsonb', [
        id,
        payload.toString(),
      ]);
      if (stored.rowCount !== 1) problems.push(`ingest stored ${stored.rowCount} of 1 reading of ${tenant}/${device}`);
    }
    await evaluateAlerts(database, createLogger('restore-drill', { level: 'silent', pretty: false }));
    await lease.release();
    return problems;
  } finally {
    await database.close();
  }
}
