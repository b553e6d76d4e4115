// `adopt record-database`: what ops/adopt/record.sh records of a database. Names only: no statements, no readings.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import type { Client } from 'pg';
import { inTransaction, withConnection } from '../../../provisioning/database/connect.ts';
import { listObjects } from '../../../provisioning/database/objects.ts';
import { findPlace, type TargetOptions, withTarget } from '../../target/find.ts';

/** record.sh runs it. */
export const recordCommand = (): Command =>
  withTarget(new Command('record-database'))
    .description('record what the database has: telemetry.json and database.json (record.sh runs this)')
    .argument('<folder>', 'the recording')
    .action(async (folder: string, options: TargetOptions) => {
      const files = await withConnection(findPlace(options).database, recordDatabase);
      for (const [name, content] of Object.entries(files)) {
        writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
      }
    });

/** The contents of the two files. */
export async function recordDatabase(client: Client): Promise<{ telemetry: object; database: object }> {
  return inTransaction(client, async () => {
    await client.query("set transaction read only; set local search_path = ''");
    const { rows } = await client.query(
      `select json_build_object(
         'columns', (select json_agg(json_build_object('name', column_name, 'type', data_type) order by ordinal_position)
           from information_schema.columns where table_schema = 'public' and table_name = 'telemetry'),
         'rowSecurity', (select relrowsecurity from pg_class where oid = to_regclass('public.telemetry'))) as telemetry,
       (select json_agg(json_build_object('role', s.setrole::regrole, 'here', s.setdatabase <> 0, 'path', substr(c, length('search_path=') + 1)))
         from pg_db_role_setting as s, unnest(s.setconfig) as c
         where starts_with(c, 'search_path=') and s.setdatabase in (0, (select oid from pg_database where datname = current_database()))) as settings,
       (select json_agg(distinct usename) from pg_stat_activity
         where datname = current_database() and query ~* '(insert\\s+into|copy)\\s+("?public"?\\s*\\.\\s*)?"?telemetry') as writers`,
    );
    const [{ telemetry, settings, writers }] = rows;
    const objects = (await listObjects(client)).filter(({ key }) =>
      /^(schema|role|publication|extension) |^[a-z]+ public\./.test(key),
    );
    const named = objects.map(({ key, kind, name, owner, extension }) => ({ key, kind, name, owner, extension }));
    return { telemetry, database: { objects: named, settings: settings ?? [], writers: writers ?? [] } };
  });
}
