// Prepares the database for the local API: the tables of its sign-in service, and the only role that it connects as.
import { getAuthSchemaSql } from '@supabase/lite';
import type { ClientBase } from 'pg';
import { scramVerifier } from '../provisioning/database/login.ts';

/** The API's login. It owns nothing; for a request it becomes `anon`, `authenticated` or `service_role`, as PostgREST does. */
export const API_ROLE = 'local_api';

/**
 * Makes the sign-in service's tables. Call it before the migrations: they then do not change them.
 * A database of an earlier version has a plain `auth.users` that cannot have rows; it is replaced.
 */
export async function makeAuthTables(client: ClientBase): Promise<void> {
  await client.query(`
    do $$
    begin
      if to_regclass('auth.users') is not null and not exists (
        select from pg_attribute where attrelid = to_regclass('auth.users') and attname = 'encrypted_password'
      ) then
        drop table auth.users;
      end if;
    end
    $$`);
  await client.query(getAuthSchemaSql());
}

/**
 * Makes the API's role and lets it log in. Call it after the migrations.
 * @param password 20 or more printable ASCII characters without space.
 */
export async function makeApiRole(client: ClientBase, password: string): Promise<void> {
  await client.query(`
    do $$
    begin
      if to_regrole('${API_ROLE}') is null then create role ${API_ROLE}; end if;
    end
    $$;
    alter role ${API_ROLE} login noinherit password '${scramVerifier(password)}';
    -- Inherited: lite looks up the schema in information_schema, which shows a role only what it may use.
    grant anon, authenticated to ${API_ROLE} with inherit true, set true;
    grant service_role to ${API_ROLE} with inherit false, set true;
    grant usage on schema auth to ${API_ROLE};
    grant select, insert, update, delete on all tables in schema auth to ${API_ROLE}`);
}
