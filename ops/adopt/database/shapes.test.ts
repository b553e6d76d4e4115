// Each shape of an old database: there, migrated, back, there and back once more, while the old ingest writes on a connection that is
// older than all of it. Its schema is the same afterwards, and so is the platform's.
import type { Client } from 'pg';
import { expect, it } from 'vitest';
import { applyMigrations, PARKED_SCHEMA } from '../../../provisioning/database/apply.ts';
import { connect } from '../../../provisioning/database/connect.ts';
import { addDevice } from '../../../provisioning/database/registry.ts';
import { postgresOfFile } from '../../../tests/support/postgres-of-file.ts';
import { moveAside, moveBack } from './aside.ts';
import { LEDGER_SCHEMA } from './ledger.ts';
import { chooseDestination, setPath } from './search-path.ts';
import { countData, describeDatabase, dumpSchema } from './testing/describe.ts';
import { makeOldDatabase, roleUrl } from './testing/server.ts';
import { SHAPES } from './testing/shapes.ts';

/** What did not exist before. */
const PLATFORM = ['ingest', 'broker', 'access', 'supabase_migrations', PARKED_SCHEMA, LEDGER_SCHEMA];

const postgres = postgresOfFile({ migrate: false });
let admin: Client;

it.each(SHAPES)('$name', async (shape) => {
  const url = await makeOldDatabase(postgres(), shape.setup);
  admin = await connect(url);
  let ingest = await connect(roleUrl(url, shape.role));
  const { rows } = await admin.query("select 'public.telemetry'::regclass::oid::int8 as oid");
  const { ids: idsIn = (table) => `select payload_text::int as id from ${table}` } = shape;
  let stored = 0;
  const store = async () => {
    stored += 1;
    for (const statement of shape.store(stored)) await ingest.query(statement);
    const table = await admin.query('select c.oid::regclass::text as name from pg_class as c where oid = $1', [
      rows[0].oid,
    ]);
    const ids = await admin.query(
      `with i as (${idsIn(table.rows[0].name)}) select count(*)::int as n, count(distinct id)::int as d, max(id) as m from i`,
    );
    expect(ids.rows[0]).toEqual({ n: stored, d: stored, m: stored });
    for (const sql of shape.holds ?? [])
      expect((await admin.query({ text: sql, rowMode: 'array' })).rows[0], sql).toEqual([true]);
  };
  const aside = async () => {
    const destination = await chooseDestination(admin, shape.role);
    if (destination.path !== undefined) {
      await setPath(admin, shape.role, destination.path);
      await ingest.end();
      ingest = await connect(roleUrl(url, shape.role));
    }
    await moveAside(admin, shape.role, destination, shape.extra);
    return destination.schema;
  };
  const readings = async () => (await admin.query('select count(*)::int as n from public.telemetry')).rows[0].n;

  await store();
  const before = { lines: await describeDatabase(admin, PLATFORM), dump: dumpSchema(url, PLATFORM) };
  await expect(applyMigrations(url)).rejects.toThrow(/public\.(telemetry|tenants|devices|alerts)/);
  expect(await describeDatabase(admin)).toEqual(before.lines);

  const schema = await aside();
  await store();
  await applyMigrations(url);
  await store();
  await addDevice(admin, { tenant: 'acme', device: 'pump-1', createTenant: true });
  await admin.query(`insert into public.telemetry (tenant_id, device_id, ts, message_id, payload)
    select tenant_id, id, now(), 'm', '{}' from public.devices`);
  const forward = { lines: await describeDatabase(admin), dump: dumpSchema(url) };

  for (const round of [1, 2]) {
    const data = await countData(admin, [schema]);
    await moveBack(admin);
    if (round === 1) expect(await countData(admin, ['public'])).toMatchObject(data);
    expect(await describeDatabase(admin, PLATFORM)).toEqual(before.lines);
    expect(dumpSchema(url, PLATFORM)).toEqual(before.dump);
    await store();
    await expect(applyMigrations(url)).rejects.toThrow(/adopt table-aside/);
    if (round === 2) break;
    expect(await aside()).toBe(schema);
    await store();
    expect(await describeDatabase(admin)).toEqual(forward.lines);
    expect(dumpSchema(url)).toEqual(forward.dump);
    expect(await readings()).toBe(1);
    expect(await applyMigrations(url)).toEqual({ applied: [] });
  }
  await ingest.end();
  await admin.end();
});
