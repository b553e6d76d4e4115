// The old table public.telemetry makes room for the platform's: it goes into a schema of its own, where the old ingest goes on
// writing, because its role looks there first.
import { Command } from 'commander';
import { type ClientBase, escapeIdentifier } from 'pg';
import { withConnection } from '../../provisioning/database/connect.ts';
import { findPlace, type TargetOptions, withTarget } from '../target/find.ts';

const SCHEMA = 'before_adoption';

/** @param role who the old ingest signs in as. @throws Error of the database; then nothing was changed. */
export async function moveAside(client: ClientBase, role: string): Promise<void> {
  const old = escapeIdentifier(role);
  // One message is one transaction.
  await client.query(`
    create schema ${SCHEMA};
    revoke all on schema ${SCHEMA} from public;
    alter table public.telemetry set schema ${SCHEMA};
    grant usage on schema ${SCHEMA} to ${old};
    alter role ${old} set search_path = ${SCHEMA}, public;`);
}

/** The old table is public.telemetry again; the platform's own is kept as telemetry_of_the_platform. */
export async function moveBack(client: ClientBase, role: string): Promise<void> {
  await client.query(`
    alter table if exists public.telemetry rename to telemetry_of_the_platform;
    alter table ${SCHEMA}.telemetry set schema public;
    alter role ${escapeIdentifier(role)} reset search_path;
    drop schema ${SCHEMA};`);
}

/** `adopt table-aside` and `adopt table-back`. */
export const tableCommands = (): Command[] => [
  tableCommand('table-aside', `move the old public.telemetry into the schema ${SCHEMA}; the old ingest follows it`)
    .addHelpText('after', '\nWhere its SQL says public.telemetry in full, change that first.')
    .action(async ({ role, ...place }: TargetOptions & { role: string }) => {
      await withConnection(findPlace(place).database, (client) => moveAside(client, role));
      console.log(`The table is ${SCHEMA}.telemetry. Restart the old ingest: it finds it from its next connection on.`);
    }),
  tableCommand('table-back', 'undo that; the platform’s own table is kept under another name').action(
    async ({ role, ...place }: TargetOptions & { role: string }) => {
      await withConnection(findPlace(place).database, (client) => moveBack(client, role));
      console.log('The old table is public.telemetry again. Restart the old ingest.');
    },
  ),
];

const tableCommand = (name: string, description: string) =>
  withTarget(new Command(name))
    .description(description)
    .requiredOption('--role <role>', 'who the old ingest signs in as');
