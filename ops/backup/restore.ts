// Puts a backup into a database: in one transaction, so that a failure leaves the database as it was.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { ClientBase } from 'pg';
import { type DatabaseAccess, withConnection } from '../../provisioning/database/connect.ts';
import type { StoredFacts, Vault } from './backup.ts';
import type { Role } from './facts.ts';
import { dumpOf } from './kept.ts';
import { findClient, isClosedPipe, type PostgresClient, start } from './postgres-client.ts';
import { open } from './seal.ts';

/**
 * Replaces everything in the database by the backup's content. Roles that are missing are made first, without a login. Everything
 * belongs to the connected role afterwards.
 * @param database as a superuser, or as who applies the migrations.
 * @throws Error with what Postgres said; nothing was changed but roles.
 */
export async function restoreInto(
  database: DatabaseAccess,
  vault: Vault,
  name: string,
  facts: StoredFacts,
): Promise<void> {
  const schemas = await withConnection(database, async (client) => {
    await makeRoles(client, facts.roles);
    return readSchemas(client);
  });
  // It speaks to newer servers, too.
  const programs = await findClient(facts.clientMajor);
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-saas-restore-'));
  try {
    const list = join(folder, 'list');
    writeFileSync(list, await listEntries(vault, name, programs));
    const opened = await open(await vault.store.get(dumpOf(name)), vault.key);
    const psql = start(programs, 'psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null'], database);
    const pgRestore = start(programs, 'pg_restore', ['--file=-', '--no-owner', `--use-list=${list}`]);
    // Not psql's own --single-transaction: it commits at the end of its input, which is also what it sees when this program is killed.
    psql.child.stdin!.write(`begin;\n${emptied(schemas)}`);
    const results = await Promise.allSettled([
      psql.done,
      // A script that is cut must not be committed: psql is told to only after a good end of pg_restore.
      pipeline(pgRestore.child.stdout!, psql.child.stdin!, { end: false })
        .then(() => pgRestore.done)
        .then(
          () => psql.child.stdin!.end('commit;\n'),
          (error) => {
            psql.child.kill();
            throw error;
          },
        ),
      pipeline(opened, pgRestore.child.stdin!).catch((error) => {
        pgRestore.child.kill();
        throw error;
      }),
    ]);
    // What broke first is not what stopped because of it: a damaged backup, else the database, else pg_restore.
    const [server, script, source] = results.map((result) =>
      result.status === 'rejected' ? (result.reason as Error) : undefined,
    );
    const cause = [source && !isClosedPipe(source) ? source : undefined, server, script, source].find(Boolean);
    if (cause)
      throw new Error(`${name} could not be restored, and the database is as it was: ${cause.message}`, { cause });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The dump's table of contents, without what the server's provider makes by itself. */
async function listEntries(vault: Vault, name: string, programs: PostgresClient): Promise<string> {
  const source = await open(await vault.store.get(dumpOf(name)), vault.key);
  const { child, done } = start(programs, 'pg_restore', ['--list']);
  // It stops reading after the list.
  const feeding = pipeline(source, child.stdin!).catch(() => source.destroy());
  const list = await text(child.stdout!);
  await done;
  await feeding;
  return list
    .split('\n')
    .filter((line) => !/^\d+; \d+ \d+ (EVENT TRIGGER|EXTENSION|COMMENT - EXTENSION) /.test(line))
    .join('\n');
}

async function readSchemas(client: ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    "select quote_ident(nspname) as name from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema' and nspowner = current_user::regrole",
  );
  return rows.map(({ name }) => name);
}

/** SQL that leaves a database as a server makes it: an empty schema `public`, and the default rights of new objects, which a dump takes for granted. */
function emptied(schemas: readonly string[]): string {
  const gone = [...new Set([...schemas, 'public'])];
  return `set client_min_messages = warning;
    drop schema if exists ${gone.join(', ')} cascade;
    create schema public authorization pg_database_owner;
    grant usage on schema public to public;
    alter default privileges grant execute on functions to public;
    alter default privileges grant usage on types to public;
    `;
}

/** Roles are not part of a database's dump: they belong to the server. */
async function makeRoles(client: ClientBase, roles: readonly Role[]): Promise<void> {
  const { rows } = await client.query<{ name: string }>('select rolname::text as name from pg_roles');
  const known = new Set(rows.map(({ name }) => name));
  const missing = roles.filter(({ name }) => !known.has(name));
  for (const { name, inherit, bypassrls } of missing) {
    const attributes = `nologin ${inherit ? 'inherit' : 'noinherit'} ${bypassrls ? 'bypassrls' : 'nobypassrls'}`;
    await client.query(`create role ${client.escapeIdentifier(name)} ${attributes}`);
  }
  for (const { name, memberOf } of missing) {
    for (const group of memberOf)
      await client.query(`grant ${client.escapeIdentifier(group)} to ${client.escapeIdentifier(name)}`);
  }
}
