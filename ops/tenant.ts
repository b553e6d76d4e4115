// `ops tenant`: which tenants there are, which of them, and of its devices, sends most; and deleting one.
import { Command } from 'commander';
import type { Client } from 'pg';
import { refusalWords } from '../domain/refusals.ts';
import { withConnection } from '../provisioning/database/connect.ts';
import { tenantIdOf } from '../provisioning/database/registry.ts';
import { deleteTenantCommand, keepTenantCommand, listTenantsCommand } from './delete.ts';
import { findPlace, type TargetOptions, withTarget } from './target/find.ts';

/** The `tenant` command. */
export function tenantCommand(): Command {
  return new Command('tenant')
    .description('tenants: what they send, and deleting one')
    .addCommand(listTenantsCommand())
    .addCommand(topCommand())
    .addCommand(deleteTenantCommand())
    .addCommand(keepTenantCommand());
}

const MOST_SHOWN = 10;
const SPANS = { '10m': '10 minutes', '1h': '1 hour', '1d': '1 day' } as const;

function topCommand(): Command {
  return withTarget(new Command('top'))
    .description('the tenants that sent most, or the devices of one tenant')
    .argument('[tenant]', 'show its devices')
    .option('--last <time>', `of the last ${Object.keys(SPANS).join(', ')}`, '10m')
    .addHelpText(
      'after',
      `
Of a tenant: what became of its readings, what the broker refused, and its devices
by readings whose device time lies in the last ten minutes.

Examples:
  npm run ops -- tenant top
  npm run ops -- tenant top --last 1d
  npm run ops -- tenant top acme`,
    )
    .action(async (tenant: string | undefined, { last, ...options }: TargetOptions & { last: string }) => {
      const span = SPANS[last as keyof typeof SPANS];
      if (!span) throw new Error(`--last ${last}: give ${Object.keys(SPANS).join(', ')}`);
      await withConnection(findPlace(options).database, async (client) => {
        await client.query('begin read only');
        await client.query("set local statement_timeout = '20s'");
        for (const line of await (tenant === undefined ? tenants(client, span) : devices(client, tenant)))
          console.log(line);
        await client.query('rollback');
      });
    });
}

/** The name is whole: somebody types it into the next command. */
const line = (name: string, ...numbers: (string | number)[]) =>
  `${name} `.padEnd(28) + numbers.map((number) => String(number).padStart(13)).join('');

async function tenants(client: Client, span: string): Promise<string[]> {
  const { rows } = await client.query<Record<string, string>>(
    `select coalesce(t.slug, '(unknown)') as tenant, l.received, l.rejected, l.over, coalesce(r.times, 0) as refused
     from (select tenant_id, sum(received) as received, sum(rejected) as rejected, sum(over_quota) as over
           from public.ingest_ledger where minute >= now() - $1::interval group by 1) as l
     full join (select tenant_id, sum(times) as times from public.refusals
                where hour >= date_trunc('hour', now() - $1::interval) group by 1) as r using (tenant_id)
     left join public.tenants as t on t.id = coalesce(l.tenant_id, r.tenant_id)
     order by coalesce(l.received, 0) + coalesce(r.times, 0) desc limit ${MOST_SHOWN}`,
    [span],
  );
  if (rows.length === 0) return [`no tenant sent anything in the last ${span}`];
  return [
    line(`last ${span}`, 'received', 'dead letters', 'over quota', 'refused'),
    ...rows.map((row) => line(row.tenant!, row.received ?? 0, row.rejected ?? 0, row.over ?? 0, row.refused ?? 0)),
  ];
}

async function devices(client: Client, tenant: string): Promise<string[]> {
  const id = await tenantIdOf(client, tenant);
  const sending = await client.query<{ device: string; n: string; bytes: string }>(
    `select d.slug as device, count(*) as n, round(avg(pg_column_size(t.payload))) as bytes
     from public.telemetry as t join public.devices as d on d.tenant_id = t.tenant_id and d.id = t.device_id
     where t.tenant_id = $1 and t.ts > now() - interval '10 minutes' and t.ts < now() + interval '10 minutes'
     group by 1 order by 2 desc, 1 limit ${MOST_SHOWN}`,
    [id],
  );
  const refused = await client.query<{ reason: string; times: string }>(
    `select reason, sum(times) as times from public.refusals
     where tenant_id = $1 and hour >= date_trunc('hour', now() - interval '1 hour') group by 1 order by 2 desc`,
    [id],
  );
  const last = await client.query<{ device: string; reason: string }>(
    `select d.slug as device, r.reason from public.device_refusals as r
     join public.devices as d on d.tenant_id = r.tenant_id and d.id = r.device_id
     where r.tenant_id = $1 and r.refused_at > now() - interval '1 hour' order by r.refused_at desc limit ${MOST_SHOWN}`,
    [id],
  );
  return [
    line(`${tenant}, last 10 minutes`, 'readings', 'bytes each'),
    ...sending.rows.map(({ device, n, bytes }) => line(device, n, bytes)),
    ...(sending.rows.length === 0 ? ['(no reading)'] : []),
    ...refused.rows.map(({ reason, times }) => `refused in the last hour: ${refusalWords(reason)}: ${times}`),
    ...last.rows.map(({ device, reason }) => `last refused of ${device}: ${reason}`),
  ];
}
