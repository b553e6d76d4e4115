// What is done to 10,000 devices at once, and the pages of their list, as a tenant's owner asks the database for them.
import { startTestDatabase } from '../provisioning/database/testing/database.ts';
import { makePerson } from '../provisioning/database/testing/world.ts';

const DEVICES = 10_000;
const BOUND_MS = 1000;
const PAGE = 'select id, name, tags from public.device_list where tenant_id = $1';

/** Each is done as often as it can be done again, and the longest counts. */
const ASKED: [name: string, sql: string, values: (ids: string[]) => unknown[]][] = [
  ['the first page', `${PAGE} order by name_key, id limit 101`, () => []],
  ['a search', `${PAGE} and words ilike '%999%' order by name_key, id limit 101`, () => []],
  ['sorted by last seen', `${PAGE} order by last_received_at desc, id desc limit 101`, () => []],
  ['all ids of a tag', "select ids from public.device_ids($1, tag => 'hall-1')", () => []],
  ['disable', 'select public.set_devices_enabled($1, $2, false)', (ids) => [ids]],
  ['enable', 'select public.set_devices_enabled($1, $2, true)', (ids) => [ids]],
  ['add a tag', "select public.tag_devices($1, $2, '{many}')", (ids) => [ids]],
  ['take it off', "select public.tag_devices($1, $2, '{}', '{many}')", (ids) => [ids]],
  ['delete, 1,000 at a time', 'select public.delete_devices($1, $2)', (ids) => [ids]],
];
/** The dashboard deletes this number by a statement: ingest waits for the status of the devices meanwhile. */
const DELETED_AT_ONCE = 1000;

export async function run(): Promise<void> {
  const database = await startTestDatabase();
  try {
    const { admin } = database;
    const owner = await makePerson(admin, 'ann@acme.example');
    const { rows } = await admin.query<{ id: string }>(
      "insert into public.tenants (slug, name) values ('acme', 'Acme') returning id",
    );
    const tenant = rows[0]!.id;
    await admin.query("insert into public.memberships (tenant_id, user_id, email, role) values ($1, $2, $3, 'owner')", [
      tenant,
      owner.sub,
      owner.email,
    ]);
    // Another tenant as large: the statistics must not know this one alone. A month of roll-ups an hour of each device.
    await admin.query(`
      insert into public.tenants (slug, name) values ('globex', 'Globex');
      insert into public.devices (tenant_id, slug, name, tags)
        select t.id, 'pump-' || n, 'Pump ' || n, '{hall-1}' from public.tenants as t, generate_series(1, ${DEVICES}) as n;
      insert into public.device_credentials (tenant_id, device_id, password_hash)
        select tenant_id, id, '$7$101$' || rpad('', 16, 'A') || '$' || rpad('', 86, 'A') || '==' from public.devices;
      insert into public.device_status (tenant_id, device_id, last_received_at, fields)
        select tenant_id, id, now(), '{"t": [1, 2, 3]}' from public.devices;
      insert into public.telemetry_rollups (tenant_id, device_id, step, bucket, readings, fields, is_whole)
        select d.tenant_id, d.id, 86400, current_date - n, 60, '{"t": [1, 2, 3, 4, 5]}', true
        from public.devices as d join public.tenants as t on t.id = d.tenant_id and t.slug = 'acme', generate_series(1, 30) as n`);
    await admin.query('vacuum analyze');
    const { rows: found } = await admin.query<{ ids: string[] }>(
      'select array_agg(id) as ids from public.devices where tenant_id = $1',
      [tenant],
    );
    for (const [name, sql, values] of ASKED) {
      const { ids } = found[0]!;
      const size = name.startsWith('delete') ? DELETED_AT_ONCE : DEVICES;
      let longest = 0;
      const begun = performance.now();
      for (let begin = 0; begin < DEVICES; begin += size) {
        const from = performance.now();
        await database.asUser(owner, sql, [tenant, ...values(ids.slice(begin, begin + size))]);
        longest = Math.max(longest, performance.now() - from);
      }
      const share = (performance.now() - begun) / BOUND_MS;
      const part = size < DEVICES ? `; a statement ${(longest / BOUND_MS).toFixed(2)}` : '';
      console.log(`${name}, ${DEVICES} devices: ${share.toFixed(2)} of its bound${part}`);
      if (share > 1) process.exitCode = 1;
    }
  } finally {
    await database.stop();
  }
}
