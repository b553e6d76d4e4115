// `ops usage`: what tenants used in a month, as a bill could be made from it.
import { Command, InvalidArgumentError } from 'commander';
import type { Client } from 'pg';
import { firstDay, lineOf, sumOfUsage, USAGE, USAGE_COLUMNS, type UsageDay, type UsageLine } from '../domain/usage.ts';
import { withConnection } from '../provisioning/database/connect.ts';
import { tenantIdOf } from '../provisioning/database/registry.ts';
import { findPlace, type TargetOptions, withTarget } from './target/find.ts';

interface Options extends TargetOptions {
  month?: string;
  json?: true;
  csv?: true;
}

/** The `usage` command. */
export function usageCommand(): Command {
  return withTarget(new Command('usage'))
    .description('what each tenant used in a month, or one tenant on each of its days')
    .argument('[tenant]', 'show its days')
    .option('--month <month>', 'such as 2026-11; by default the one of now', monthOf)
    .option('--json', 'as JSON, of each tenant also its days')
    .option('--csv', 'as CSV')
    .addHelpText(
      'after',
      `
A day is one of UTC. A kB is 1,000 bytes of stored payloads, rounded for each
day; everything else is exact, and a total is the sum of its rows. A reading
counts on the day on which it was received. What is used is counted every 15
minutes and kept for 25 months; a deleted tenant's is deleted with it.

Examples:
  npm run ops -- usage
  npm run ops -- usage --month 2026-11 --csv > november.csv
  npm run ops -- usage acme`,
    )
    .action(async (tenant: string | undefined, { month, json, csv, ...options }: Options) => {
      if (json && csv) throw new Error('--json and --csv: give one of them');
      const bill = await withConnection(findPlace(options).database, (client) => readBill(client, tenant, month));
      if (json) console.log(JSON.stringify(bill, null, 2));
      else for (const line of csv ? asCsv(bill, tenant) : asText(bill, tenant)) console.log(line);
    });
}

function monthOf(text: string): string {
  if (!/^20\d\d-(0[1-9]|1[0-2])$/.test(text)) throw new InvalidArgumentError('Give a month such as 2026-11.');
  return text;
}

/** A tenant's month. */
interface Use {
  tenant: string;
  total: UsageLine;
  days: (UsageLine & { day: string })[];
}

interface Bill {
  month: string;
  timeZone: 'UTC';
  /** What was committed before is counted. */
  countedUntil: Date;
  /** Nothing more comes to this month. */
  complete: boolean;
  tenants: Use[];
  total: UsageLine;
}

const DAYS = `
  select t.slug as tenant, to_char(u.day, 'YYYY-MM-DD') as day, ${USAGE_COLUMNS.map((name) => `u.${name}::float8`).join(', ')}
  from public.usage_days as u join public.tenants as t on t.id = u.tenant_id
  where u.day >= $1 and u.day < $2 and ($3::text is null or t.slug = $3) order by t.slug, u.day`;

/** An hour after its end nothing more comes to a month, unless the database was away. */
const PROGRESS = `
  select counted_until as until, counted_until > ($1::date)::timestamp at time zone 'UTC' + interval '1 hour' as complete
  from ingest.usage_progress`;

async function readBill(client: Client, tenant?: string, wanted?: string): Promise<Bill> {
  const month = wanted ?? new Date().toISOString().slice(0, 7);
  const [from, to] = [firstDay(month), firstDay(month, 1)];
  if (tenant !== undefined) await tenantIdOf(client, tenant);
  const { rows } = await client.query<UsageDay & { tenant: string }>(DAYS, [from, to, tenant ?? null]);
  const [progress] = (await client.query<{ until: Date; complete: boolean }>(PROGRESS, [to])).rows;
  if (!progress) throw new Error('ingest.usage_progress has no row, so nothing is counted: apply the migrations again');
  const tenants = [...Map.groupBy(rows, (row) => row.tenant)].map(([name, own]) => {
    const days = own.map(({ tenant: _, ...day }) => ({ day: day.day, ...lineOf(day) }));
    return { tenant: name, total: sumOfUsage(days), days };
  });
  return {
    month,
    timeZone: 'UTC',
    countedUntil: progress.until,
    complete: progress.complete,
    tenants,
    total: sumOfUsage(tenants.map(({ total }) => total)),
  };
}

const MEMBERS = USAGE_COLUMNS.map((column) => (column === 'bytes' ? 'kilobytes' : column));
const numbersOf = (line: UsageLine) => MEMBERS.map((name) => line[name]);

/** The rows of a bill, with what each is of: a day of the tenant, or a tenant. */
const rowsOf = ({ tenants }: Bill, tenant: string | undefined): [string, UsageLine][] =>
  tenant === undefined
    ? tenants.map(({ tenant: name, total }) => [name, total])
    : tenants.flatMap(({ days }) => days.map((day): [string, UsageLine] => [day.day, day]));

function asText(bill: Bill, tenant: string | undefined): string[] {
  const { month, countedUntil, complete, total } = bill;
  const columns = Object.values(USAGE);
  const cell = (value: string | number, n: number) =>
    (typeof value === 'number' ? value.toLocaleString('en-US') : value).padStart(Math.max(columns[n]!.length, 11) + 2);
  const line = (name: string, values: readonly (string | number)[]) => name.padEnd(20) + values.map(cell).join('');
  return [
    `${tenant ?? 'all tenants'}, ${month}, days of UTC, counted until ${countedUntil.toISOString().slice(0, 16)}Z${complete ? '' : ': the month is not complete'}`,
    line(tenant === undefined ? 'tenant' : 'day', columns),
    ...rowsOf(bill, tenant).map(([name, own]) => line(name, numbersOf(own))),
    line('total', numbersOf(total)),
  ];
}

/** Without a total: a program that reads it adds up what it needs. */
const asCsv = (bill: Bill, tenant: string | undefined): string[] => [
  ['month', tenant === undefined ? 'tenant' : 'day_utc', ...MEMBERS].join(','),
  ...rowsOf(bill, tenant).map(([name, own]) => [bill.month, name, ...numbersOf(own)].join(',')),
];
