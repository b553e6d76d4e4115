// `ops archive`: readings that have left the database: store them, list them, ask them, bring them back.
import { Command, InvalidArgumentError } from 'commander';
import { withConnection } from '../provisioning/database/connect.ts';
import { runArchive } from './archive/archive.ts';
import { type Archived, archivedObjects } from './archive/objects.ts';
import { queryArchive } from './archive/query.ts';
import { restoreDays } from './archive/restore.ts';
import { openStore, type Store } from './store.ts';
import { findTarget, targetOption } from './target/find.ts';
import type { Archive, Target } from './target/target.ts';

const log = (line: string) => console.error(line);

interface Options {
  target?: string;
}
type Span = Options & { from?: string; to?: string };

/** The `archive` command. */
export function archiveCommand(): Command {
  return new Command('archive')
    .description('readings that are older than retention keeps them: store, list, query, restore')
    .addCommand(runCommand())
    .addCommand(listCommand())
    .addCommand(queryCommand())
    .addCommand(restoreCommand())
    .addHelpText(
      'after',
      `
Without --target, two environment variables are enough, so any timer can run it:
DATABASE_URL with the role archive_writer, and ARCHIVE_STORE: a folder, or
https://ACCOUNT.blob.core.windows.net/CONTAINER. A folder also needs
ARCHIVE_LINK_KEY, which signs the links that tenants ask for.

Examples:
  npm run ops -- archive run --target local
  npm run ops -- archive list acme --target prod
  npm run ops -- archive query acme --from 2026-09-01 --target prod \\
    "select device_id, count(*), max((payload->>'temperature')::double)
     from readings group by all"
  npm run ops -- archive restore acme --from 2026-09-01 --to 2026-09-03 \\
    --days 14 --target prod`,
    );
}

function runCommand(): Command {
  return new Command('run')
    .description(
      'store what waits, read each object back, compare, and drop what is equal; exit code 1 if anything failed',
    )
    .addOption(targetOption('the environment variables'))
    .action(async (options: Options) => {
      const { archive, store } = await findArchive(options);
      const { rows, bytes, problems } = await runArchive(archive.writer, store, log);
      console.log(`${rows} rows, ${bytes} bytes stored in ${store.where}, each object read back and compared`);
      for (const problem of problems) console.log(problem);
      if (problems.length > 0)
        throw new Error(`${problems.length} problem(s): nothing of that was dropped; run it again`);
    });
}

const withSpan = (command: Command) =>
  command.option('--from <day>', 'the first day, UTC', dayOf).option('--to <day>', 'the last day, UTC', dayOf);

function listCommand(): Command {
  return withSpan(new Command('list'))
    .description('objects of the archive by tenant and day')
    .argument('[tenant]', 'only this tenant')
    .addOption(targetOption('the environment variables'))
    .option('--json', 'as JSON')
    .action(async (tenant: string | undefined, { json, from, to, ...options }: Span & { json?: true }) => {
      const { archive } = await findArchive(options);
      const objects = await objectsOf(archive, tenant, from, to);
      if (json) {
        console.log(JSON.stringify(objects, (_, value) => (typeof value === 'bigint' ? Number(value) : value), 2));
        return;
      }
      for (const { day, slug, tenant: id, rows, bytes, name } of objects)
        console.log(`${day}  ${slug ?? id}  ${rows} rows  ${bytes} bytes  ${name}`);
      if (objects.length === 0) console.log('nothing is archived');
    });
}

function queryCommand(): Command {
  return withSpan(new Command('query'))
    .description("ask a tenant's archived readings with DuckDB's SQL: the view is called readings")
    .argument('<tenant>', 'its slug, or its id')
    .argument('<sql>', 'columns: tenant_id, device_id, ts, message_id, received_at, payload (JSON)')
    .addOption(targetOption('the environment variables'))
    .option('--csv', 'as CSV; as JSON lines without')
    .action(async (tenant: string, sql: string, { csv, from, to, ...options }: Span & { csv?: true }) => {
      const { archive, store } = await findArchive(options);
      const objects = await someObjects(archive, tenant, from, to);
      await queryArchive(store, objects, sql, csv ? 'csv' : 'json', process.stdout, log);
    });
}

function restoreCommand(): Command {
  return withSpan(new Command('restore'))
    .description("bring a tenant's archived readings back into the database for some days; the archive keeps them")
    .argument('<tenant>', 'its slug, or its id')
    .addOption(targetOption().makeOptionMandatory())
    .option('--days <n>', 'for how long they stay before they are taken out again', holdOf, 7)
    .action(async (tenant: string, { from, to, days, ...options }: Span & { days: number }) => {
      const { archive, store, target } = await findArchive(options);
      const objects = await someObjects(archive, tenant, from, to);
      const rows = await restoreDays(target!.database(), store, objects, days, log);
      console.log(`${rows} rows of ${objects.length} object(s) are back, for ${days} days; equal to the archive`);
    });
}

/** Objects of a tenant, or of all, of these days. */
const objectsOf = ({ writer }: Archive, tenant: string | undefined, from = '0001-01-01', to = '9999-12-31') =>
  withConnection(writer, (client) =>
    archivedObjects(client, 'o.day between $1 and $2 and ($3::text is null or o.tenant_id::text = $3 or o.slug = $3)', [
      from,
      to,
      tenant,
    ]),
  );

/** @throws Error when there are none. */
async function someObjects(archive: Archive, tenant: string, from?: string, to?: string): Promise<Archived[]> {
  const objects = await objectsOf(archive, tenant, from, to);
  if (objects.length === 0) throw new Error(`nothing of ${tenant} is archived in that span: see "archive list"`);
  return objects;
}

function dayOf(value: string): string {
  if (!/^\d{4}-\d\d-\d\d$/.test(value) || Number.isNaN(Date.parse(value)))
    throw new InvalidArgumentError('Give a day, such as 2026-09-30.');
  return value;
}

function holdOf(value: string): number {
  if (!/^\d{1,3}$/.test(value) || value === '0') throw new InvalidArgumentError('Give 1 to 999.');
  return Number(value);
}

/** @throws Error that says what is missing. */
async function findArchive({ target: name }: Options): Promise<{ archive: Archive; store: Store; target?: Target }> {
  const target = name === undefined && process.env.ARCHIVE_STORE ? undefined : findTarget(name ?? 'local');
  const archive = target ? target.archive() : fromEnvironment(process.env);
  return { archive, store: await openStore(archive.store, archive.linkKey), ...(target && { target }) };
}

function fromEnvironment(env: NodeJS.ProcessEnv): Archive {
  const { DATABASE_URL: url, ARCHIVE_STORE: store, DATABASE_CA: ca, ARCHIVE_LINK_KEY: linkKey } = env;
  if (!url || !store) throw new Error('set DATABASE_URL and ARCHIVE_STORE, or name a platform with --target');
  return { writer: { url, ca: ca || undefined }, store, linkKey };
}
