// `ops limit`: how many tenants a person may make, and how many devices a tenant may have.
import { Command, InvalidArgumentError } from 'commander';
import type { Client } from 'pg';
import { withConnection } from '../provisioning/database/connect.ts';
import { findPlace, type TargetOptions, withTarget } from './target/find.ts';

interface Options extends TargetOptions {
  tenantsPerPerson?: number;
  devices?: number | 'default';
}

/** The `limit` command. */
export function limitCommand(): Command {
  return withTarget(new Command('limit'))
    .description('show or set how much people may create in the dashboard; these commands have no such limit')
    .argument('[tenant]', 'only this tenant')
    .option('--tenants-per-person <n>', 'how many tenants a person may make; 0: none', count)
    .option(
      '--devices <n>',
      "how many devices a tenant may have; default: with a tenant, the platform's number",
      (value) => (value === 'default' ? value : count(value)),
    )
    .addHelpText(
      'after',
      `
Examples:
  npm run ops -- limit
  npm run ops -- limit --tenants-per-person 0
  npm run ops -- limit acme --devices 5000
  npm run ops -- limit acme --devices default`,
    )
    .action(async (tenant: string | undefined, { tenantsPerPerson, devices, ...options }: Options) => {
      if (tenant !== undefined && tenantsPerPerson !== undefined) {
        throw new Error('--tenants-per-person is for the whole platform: leave the tenant out');
      }
      if (tenant === undefined && devices === 'default')
        throw new Error('--devices default is for one tenant: name it');
      await withConnection(findPlace(options).database, async (client) => {
        if (tenant === undefined) await limitPlatform(client, tenantsPerPerson, devices as number | undefined);
        else if (devices !== undefined) await limitTenant(client, tenant, devices === 'default' ? null : devices);
        console.log(await describe(client, tenant));
      });
    });
}

function count(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('Give a whole number from 0.');
  return Number(value);
}

const limitPlatform = (client: Client, tenants?: number, devices?: number) =>
  client.query(
    `update access.platform_limits set tenants_per_person = coalesce($1, tenants_per_person),
       devices_per_tenant = coalesce($2, devices_per_tenant)`,
    [tenants, devices],
  );

const limitTenant = (client: Client, tenant: string, devices: number | null) =>
  client.query(
    `insert into public.tenant_limits (tenant_id, max_devices) select id, $2 from public.tenants where slug = $1
     on conflict (tenant_id) do update set max_devices = excluded.max_devices`,
    [tenant, devices],
  );

async function describe(client: Client, tenant: string | undefined): Promise<string> {
  const { rows } = await client.query<{ tenants: number; devices: number; own: number | null; known: boolean }>(
    `select p.tenants_per_person as tenants, p.devices_per_tenant as devices, l.max_devices as own, t.id is not null as known
     from access.platform_limits as p
     left join public.tenants as t on t.slug = $1
     left join public.tenant_limits as l on l.tenant_id = t.id`,
    [tenant],
  );
  const [found] = rows;
  if (!found)
    throw new Error(
      'the row of access.platform_limits is missing, so people may create nothing: insert it (insert into access.platform_limits default values)',
    );
  if (tenant === undefined)
    return `a person may make ${found.tenants} tenants, a tenant may have ${found.devices} devices`;
  if (!found.known) throw new Error(`there is no tenant "${tenant}"`);
  return `tenant "${tenant}" may have ${found.own ?? found.devices} devices`;
}
