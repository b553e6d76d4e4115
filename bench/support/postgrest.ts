// Requests as PostgREST 14 sends them to Postgres: a transaction, the role and claims as settings, one statement that packs
// the rows as JSON. Written by hand, because no package registry has PostgREST's program.
import type { ClientBase } from 'pg';

/** Who asks: a signed-in person; as the superuser the same person, but without row-level security. */
export interface Asker {
  sub: string;
  isSuperuser?: boolean;
}

/** What is asked for: the statement's inner part, and its values. */
export interface Request {
  /** Of the prepared statement. */
  name: string;
  source: string;
  values: unknown[];
}

/** `POST /rpc/NAME`. @param types of the arguments, by name. */
export function callRequest(name: string, types: Record<string, string>, args: Record<string, unknown>): Request {
  const columns = Object.entries(types).map(([key, type]) => `"${key}" ${type}`);
  const named = Object.keys(types).map((key) => `"${key}" := pgrst_body."${key}"`);
  const source = `
    select pgrst_call.* from (select $1::json as json_data) as pgrst_payload,
      lateral (select * from json_to_record(pgrst_payload.json_data) as _ (${columns.join(', ')}) limit 1) as pgrst_body,
      lateral "public"."${name}"(${named.join(', ')}) as pgrst_call`;
  return { name, source, values: [JSON.stringify(args)] };
}

/** Makes the request and returns how many milliseconds its statement took, and how many rows it gave. */
export async function send(client: ClientBase, asker: Asker, request: Request): Promise<{ ms: number; rows: number }> {
  await client.query('begin isolation level read committed read only');
  try {
    const role = asker.isSuperuser ? 'none' : 'authenticated';
    const claims = JSON.stringify({ sub: asker.sub, role });
    await client.query({
      name: 'settings',
      text: `select set_config('search_path', '"public", "extensions"', true), set_config('role', $1, true),
        set_config('request.jwt.claims', $2, true), set_config('request.method', 'POST', true)`,
      values: [role, claims],
    });
    const start = performance.now();
    const { rows } = await client.query({ name: request.name, text: pack(request.source), values: request.values });
    const ms = performance.now() - start;
    await client.query('commit');
    return { ms, rows: Number(rows[0].page_total) };
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

const pack = (source: string) => `
  with pgrst_source as (${source})
  select null::bigint as total_result_set, pg_catalog.count(_postgrest_t) as page_total,
    coalesce(json_agg(_postgrest_t), '[]') as body,
    nullif(current_setting('response.headers', true), '') as response_headers
  from (select * from pgrst_source) as _postgrest_t`;
