// `ops limit`: what a tenant and a person may have, permanently or until a day.
import { Command, InvalidArgumentError } from 'commander';
import type { Client } from 'pg';
import { PERSON_LIMITS, QUESTION_LIMITS, READING_LIMITS, TENANT_LIMITS } from '../domain/account-limits.ts';
import { withConnection } from '../provisioning/database/connect.ts';
import { tenantIdOf } from '../provisioning/database/registry.ts';
import { findPlace, type TargetOptions, withTarget } from './target/find.ts';

const LIMITS: Record<string, string> = { ...TENANT_LIMITS, ...READING_LIMITS, ...QUESTION_LIMITS, ...PERSON_LIMITS };
/** Of one tenant only. */
const OWN_LIMITS = { ...READING_LIMITS, ...QUESTION_LIMITS };

/** `max_dead_letters` is `--dead-letters`. */
const optionOf = (column: string) => column.replace(/^max_/, '').replaceAll('_', '-');
const memberOf = (column: string) => optionOf(column).replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

type Amount = number | 'default';
type Options = TargetOptions & { until?: Date } & Record<string, unknown>;

/** The `limit` command. */
export function limitCommand(): Command {
  const command = withTarget(new Command('limit'))
    .description('show or set what a tenant and a person may have; the commands of ops have no such limit')
    .argument('[tenant]', 'only this tenant; without one, the limits of tenants that have none of their own')
    .option('--until <time>', 'with a tenant: only until then, such as 2026-12-31', endOf);
  for (const [column, about] of Object.entries(LIMITS)) command.option(`--${optionOf(column)} <n>`, about, amount);
  return command
    .addHelpText(
      'after',
      `
Prints each limit by the name of its option, and how much of it a tenant uses.
With a tenant, "default" in place of a number removes the tenant's own limit.

Examples:
  npm run ops -- limit
  npm run ops -- limit --tenants-per-person 1
  npm run ops -- limit acme
  npm run ops -- limit acme --devices 5000 --dead-letters 50000
  npm run ops -- limit acme --devices 5000 --until 2026-12-31
  npm run ops -- limit acme --question-cents-day 200
  npm run ops -- limit acme --devices default`,
    )
    .action(async (tenant: string | undefined, { until, ...options }: Options) => {
      const given = Object.keys(LIMITS).flatMap((column) => {
        const value = options[memberOf(column)] as Amount | undefined;
        return value === undefined ? [] : [{ column, value }];
      });
      for (const { column, value } of given) check(column, value, tenant);
      if (until && (tenant === undefined || given.length === 0 || given.some(({ value }) => value === 'default')))
        throw new Error('--until needs a tenant, and a limit with a number');
      await withConnection(findPlace(options).database, async (client) => {
        if (tenant === undefined) {
          for (const { column, value } of given) await limitPlatform(client, column, value as number);
          for (const line of await describePlatform(client)) console.log(line);
          return;
        }
        const id = await tenantIdOf(client, tenant);
        for (const { column, value } of given) await limitTenant(client, id, column, value, until);
        for (const line of await describeTenant(client, id)) console.log(line);
      });
    });
}

function check(column: string, value: Amount, tenant: string | undefined): void {
  const option = `--${optionOf(column)}`;
  if (tenant !== undefined && column in PERSON_LIMITS)
    throw new Error(`${option} is for the whole platform: leave the tenant out`);
  if (tenant === undefined && (column in OWN_LIMITS || value === 'default'))
    throw new Error(`${option} ${value} is for one tenant: name it`);
}

function amount(value: string): Amount {
  if (value === 'default') return value;
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('Give a whole number from 0, or "default".');
  return Number(value);
}

/** A day means its end, in UTC. */
function endOf(value: string): Date {
  const isDay = /^\d{4}-\d\d-\d\d$/.test(value);
  const until = new Date(isDay ? Date.parse(`${value}T00:00Z`) + 24 * 3_600_000 : value);
  if (!(until.getTime() > Date.now()))
    throw new InvalidArgumentError(
      'Give a day or a time that is still to come, such as 2026-12-31 or 2026-12-31T12:00Z.',
    );
  return until;
}

async function limitPlatform(client: Client, column: string, value: number): Promise<void> {
  await client.query(`update access.platform_limits set ${column} = $1`, [value]);
}

/** A permanent limit ends a temporary one. */
async function limitTenant(client: Client, id: string, column: string, value: Amount, until?: Date): Promise<void> {
  if (until) {
    await client.query(
      `insert into access.temporary_limits (tenant_id, name, value, until) values ($1, $2, $3, $4)
       on conflict (tenant_id, name) do update set value = excluded.value, until = excluded.until`,
      [id, column, value, until],
    );
    return;
  }
  await client.query('delete from access.temporary_limits where tenant_id = $1 and name = $2', [id, column]);
  await client.query(
    `insert into public.tenant_limits (tenant_id, ${column}) values ($1, $2)
     on conflict (tenant_id) do update set ${column} = excluded.${column}`,
    [id, value === 'default' ? null : value],
  );
}

async function describePlatform(client: Client): Promise<string[]> {
  const { rows } = await client.query<Record<string, unknown>>('select * from access.platform_limits');
  const [row] = rows;
  if (!row)
    throw new Error(
      'the row of access.platform_limits is missing, so people may create nothing: insert it (insert into access.platform_limits default values)',
    );
  const columns = Object.keys({ ...PERSON_LIMITS, ...TENANT_LIMITS });
  return columns.map((column) => lineOf(column, String(row[column])));
}

async function describeTenant(client: Client, id: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string; most: string | null; used: string | null; until: Date | null }>(
    'select * from access.limits_of($1)',
    [id],
  );
  return rows.map(({ name, most, used, until }) =>
    lineOf(
      name,
      [used !== null && `${used} of`, most ?? 'no limit', until && `until ${until.toISOString()}`]
        .filter(Boolean)
        .join(' '),
    ),
  );
}

const lineOf = (column: string, value: string) => `${optionOf(column).padEnd(27)} ${value}`;
