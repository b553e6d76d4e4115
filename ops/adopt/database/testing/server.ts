// A database as it was before the platform: Supabase's roles and auth schema, and what its owner made.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../../../bootstrap/root.mjs';
import type { RunningPostgres } from '../../../../lab/postgres.ts';
import { withConnection } from '../../../../provisioning/database/connect.ts';

const BOOTSTRAP = readFileSync(join(ROOT, 'provisioning/database/bootstrap.sql'), 'utf8');
/** Of every role of an old program here. */
export const PASSWORD = 'secret';
const ROLES = `
  do $$ declare name text; begin
    foreach name in array array['old_ingest', 'old_owner', 'Old Ingest'] loop
      if to_regrole(quote_ident(name)) is null then execute format('create role %I login password %L', name, '${PASSWORD}'); end if;
    end loop;
  end $$`;

let count = 0;

/** @returns the URL of the owner, who is the server's superuser. */
export async function makeOldDatabase({ url: server }: Pick<RunningPostgres, 'url'>, setup: string): Promise<string> {
  count += 1;
  const name = `old_${process.pid}_${count}`;
  await withConnection(server, async (client) => {
    await client.query(`create database ${name}`);
    await client.query(ROLES);
  });
  const url = new URL(server);
  url.pathname = `/${name}`;
  await withConnection(url.href, async (client) => {
    await client.query(BOOTSTRAP);
    await client.query(setup);
  });
  return url.href;
}

/** The same database as this role. @param port of a pooler. */
export function roleUrl(url: string, role: string, port?: number): string {
  const changed = new URL(url);
  if (role !== 'postgres') Object.assign(changed, { username: encodeURIComponent(role), password: PASSWORD });
  if (port !== undefined) changed.port = String(port);
  return changed.href;
}
