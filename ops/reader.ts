// `ops reader`: a login that reads one tenant's rows, for Grafana and other programs that speak Postgres.
import { Command } from 'commander';
import { generateKey } from '../domain/credentials.ts';
import { withConnection } from '../provisioning/database/connect.ts';
import { makeReader, removeReader } from '../provisioning/database/readers.ts';
import { findPlace, type TargetOptions, withTarget } from './target/find.ts';

/** The `reader` command. */
export function readerCommand(): Command {
  return withTarget(new Command('reader'))
    .description("make a login that reads one tenant's devices, readings and alerts, and shows it once")
    .argument('<tenant>', 'its slug')
    .option('--remove', 'end its connections and remove it')
    .addHelpText(
      'after',
      `
For Grafana: the dashboard's page "Use your data" has a dashboard to import. The
login reads under row-level security and writes nothing; 4 connections, 15 s a
statement. Run again, it gets a new password.

Examples:
  npm run ops -- reader acme --target prod
  npm run ops -- reader acme --remove --target prod`,
    )
    .action(async (tenant: string, { remove, ...options }: TargetOptions & { remove?: true }) => {
      const { database } = findPlace(options);
      await withConnection(database, async (client) => {
        if (remove) {
          const removed = await removeReader(client, tenant);
          console.log(removed ? `${tenant} has no reader any more` : `${tenant} had no reader`);
          return;
        }
        const password = generateKey();
        const role = await makeReader(client, tenant, password);
        console.log(`${tenant}: the reader's connection, shown this once

  ${connectionLine(database.url, role, password)}`);
      });
    });
}

/**
 * The operator's address with another login. Through Supabase's pooler, a login is \`role.project\`; its transaction mode (port 6543) keeps
 * no settings of a session, so that a reader goes to its session mode.
 */
export function connectionLine(database: string, role: string, password: string): string {
  const url = new URL(database);
  const [, project] = /^[^.]+\.([a-z0-9]+)$/.exec(decodeURIComponent(url.username)) ?? [];
  url.username = project ? `${role}.${project}` : role;
  url.password = password;
  if (url.port === '6543') url.port = '5432';
  return url.href;
}
