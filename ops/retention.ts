// `ops retention`: for how long readings stay, and whether they are archived before they go.
import { Command, InvalidArgumentError } from 'commander';
import type { Client } from 'pg';
import { withConnection } from '../provisioning/database/connect.ts';
import { tenantIdOf } from '../provisioning/database/registry.ts';
import { findPlace, type TargetOptions, withTarget } from './target/find.ts';

type Days = number | 'unlimited' | 'default';
type Options = TargetOptions & { days?: Days; archive?: 'on' | 'off'; dropUnarchived?: true };

/** The `retention` command. */
export function retentionCommand(): Command {
  return withTarget(new Command('retention'))
    .description('show or set for how many days readings stay, and whether they are archived before they are removed')
    .argument('[tenant]', 'only this tenant; without one, those that have no days of their own')
    .option('--days <n>', '1 to 3650; "unlimited": none is removed; with a tenant, "default": as the others', daysOf)
    .option('--archive <on|off>', 'whether "archive run" must have stored them first', onOff)
    .option('--drop-unarchived', 'with --archive off: what waits for the archive may be lost')
    .addHelpText(
      'after',
      `
A reading's age counts from its own time; of one that came late, from its
receipt. Days are whole days of UTC.

Examples:
  npm run ops -- retention
  npm run ops -- retention --days 30
  npm run ops -- retention --days 30 --archive on --target prod
  npm run ops -- retention acme --days 400
  npm run ops -- retention acme --days default`,
    )
    .action(async (tenant: string | undefined, { days, archive, dropUnarchived, ...options }: Options) => {
      if (tenant !== undefined && archive) throw new Error('--archive is for the whole platform: leave the tenant out');
      if (tenant === undefined && days === 'default') throw new Error('--days default is for one tenant: name it');
      if (tenant !== undefined && days === 'unlimited')
        throw new Error('for one tenant, give a number: 3650 is the most');
      await withConnection(findPlace(options).database, async (client) => {
        if (tenant === undefined) await setRetention(client, { days, archive, dropUnarchived });
        else if (days !== undefined) await setForTenant(client, tenant, days);
        await describe(client);
      });
    });
}

function daysOf(value: string): Days {
  if (value === 'unlimited' || value === 'default') return value;
  if (!/^\d{1,4}$/.test(value) || Number(value) < 1 || Number(value) > 3650)
    throw new InvalidArgumentError('Give 1 to 3650, "unlimited" or "default".');
  return Number(value);
}

function onOff(value: string): string {
  if (value !== 'on' && value !== 'off') throw new InvalidArgumentError('Give on or off.');
  return value;
}

async function assertNothingWaits(client: Client): Promise<void> {
  const { rows } = await client.query(
    'select source from ingest.archive_pending() where ingest.archive_is_on() limit 1',
  );
  if (rows.length > 0)
    throw new Error(
      'readings wait for the archive, and would be dropped without it: run "archive run" first, or add --drop-unarchived',
    );
}

/** What counts for all tenants; what is undefined stays. @throws Error when readings would be dropped that wait for the archive. */
export async function setRetention(
  client: Client,
  {
    days,
    archive,
    dropUnarchived,
  }: { days?: Days | undefined; archive?: string | undefined; dropUnarchived?: boolean | undefined },
): Promise<void> {
  if (archive === 'off' && !dropUnarchived) await assertNothingWaits(client);
  if (archive) await client.query('update ingest.retention set archive = $1', [archive === 'on']);
  if (days !== undefined)
    await client.query('update ingest.retention set days = $1', [days === 'unlimited' ? null : days]);
}

async function setForTenant(client: Client, tenant: string, days: Days): Promise<void> {
  const id = await tenantIdOf(client, tenant);
  if (days === 'default') await client.query('delete from ingest.tenant_retention where tenant_id = $1', [id]);
  else
    await client.query(
      `insert into ingest.tenant_retention (tenant_id, days) values ($1, $2)
       on conflict (tenant_id) do update set days = excluded.days`,
      [id, days],
    );
}

async function describe(client: Client): Promise<void> {
  const { rows } = await client.query<{
    days: number | null;
    archive: boolean;
    waiting: string;
    oldest: string | null;
  }>(
    `select r.days, r.archive, (select count(*) from ingest.retired_days as d where d.dropped_at is null) as waiting,
       (select min(d.day)::text from ingest.due_days() as d) as oldest
     from ingest.retention as r`,
  );
  const [all] = rows;
  if (!all)
    throw new Error(
      'the row of ingest.retention is missing, so nothing is removed: insert it (insert into ingest.retention default values)',
    );
  console.log(
    `readings stay ${all.days === null ? 'indefinitely' : `${all.days} days`}; archive: ${all.archive ? 'on' : 'off'}`,
  );
  const own = await client.query<{ slug: string; days: number }>(
    'select t.slug, o.days from ingest.tenant_retention as o join public.tenants as t on t.id = o.tenant_id order by t.slug',
  );
  for (const { slug, days } of own.rows) console.log(`  ${slug}: ${days} days`);
  const chosen = await client.query<{ slug: string; days: number; since: string }>(
    `select t.slug, c.days, c.since::text from ingest.chosen_retention as c join public.tenants as t on t.id = c.tenant_id
     order by t.slug`,
  );
  for (const { slug, days, since } of chosen.rows)
    console.log(`  ${slug}: ${days} days from ${since} on, an owner's choice`);
  if (all.oldest) console.log(`due: days since ${all.oldest}; the job "retire" takes them out`);
  if (all.waiting !== '0')
    console.log(`${all.waiting} day(s) wait for ${all.archive ? '"archive run"' : 'the job "retire"'}`);
}
