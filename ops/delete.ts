// Deleting a tenant, a device with its readings, or a person, for the operator. A periodic job carries it out: docs/deletion.md.
import { Command } from 'commander';
import type { Client } from 'pg';
import { askOnTerminal } from '../bootstrap/ask.ts';
import { withConnection } from '../provisioning/database/connect.ts';
import { type DeviceName, tenantIdOf } from '../provisioning/database/registry.ts';
import { findPlace, type TargetOptions, withTarget } from './target/find.ts';

type Options = TargetOptions & { yes?: true };

const STAYS = 'Backups keep it until they expire. This cannot be undone.';

/** Asks for what is to be deleted to be typed, unless --yes is given. @throws Error when it was not. */
export async function confirmDeletion(what: string, typed: string, yes: true | undefined): Promise<void> {
  if (yes) return;
  const answer = await askOnTerminal(`${what}\n${STAYS}\nType ${typed} to confirm: `);
  if (answer !== typed)
    throw new Error(`nothing was deleted${answer === undefined ? ': to delete it, add --yes' : ''}`);
}

const tenantCommand = (verb: string, description: string) =>
  withTarget(new Command(verb)).description(description).argument('<tenant>', 'slug of the tenant');

/** `tenant delete`. */
export function deleteTenantCommand(): Command {
  return tenantCommand('delete', 'delete a tenant with all that belongs to it, in 7 days')
    .option('--at-once', 'begin now: it cannot be taken back')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      `
Its devices are disconnected within seconds. "tenant keep" takes the deletion
back until it begins; "tenant list" shows how far it is.`,
    )
    .action(async (tenant: string, { atOnce, yes, ...options }: Options & { atOnce?: true }) => {
      await withConnection(findPlace(options).database, async (client) => {
        const id = await tenantIdOf(client, tenant);
        await confirmDeletion(
          `Tenant ${tenant}, with its devices, readings, also archived ones, members, rules and audit log, will be deleted ${atOnce ? 'now' : 'in 7 days'}.`,
          tenant,
          yes,
        );
        const { rows } = await client.query<{ due: Date }>(
          "select access.ask_deletion_of_tenant($1, 'operator', $2::interval) as due",
          [id, atOnce ? '0' : '7 days'],
        );
        console.log(`tenant ${tenant}: its deletion begins at ${rows[0]!.due.toISOString()}`);
      });
    });
}

/** `tenant keep`. */
export function keepTenantCommand(): Command {
  return tenantCommand('keep', 'take the deletion of a tenant back, until it begins').action(
    async (tenant: string, options: TargetOptions) => {
      await withConnection(findPlace(options).database, async (client) => {
        const { rowCount } = await client.query(
          "delete from public.deletions where kind = 'tenant' and tenant_id = $1 and started_at is null",
          [await tenantIdOf(client, tenant)],
        );
        if (rowCount === 0) throw new Error(`tenant ${tenant} is not to be deleted, or its deletion has begun`);
      });
      console.log(`tenant ${tenant}: kept, its devices can connect again`);
    },
  );
}

/** `tenant list`. */
export function listTenantsCommand(): Command {
  return withTarget(new Command('list'))
    .description('all tenants, those without an owner, and deletions that are under way or waiting')
    .action(async (options: TargetOptions) => {
      const lines = await withConnection(findPlace(options).database, async (client) => [
        ...(await tenants(client)),
        ...(await deletions(client)),
      ]);
      for (const line of lines) console.log(line);
    });
}

async function tenants(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ slug: string; name: string; owners: number; members: number; devices: number }>(
    `select t.slug, t.name,
       (select count(*)::int from public.memberships as m where m.tenant_id = t.id and m.role = 'owner') as owners,
       (select count(*)::int from public.memberships as m where m.tenant_id = t.id) as members,
       (select count(*)::int from public.devices as d where d.tenant_id = t.id) as devices
     from public.tenants as t order by t.slug`,
  );
  return [
    ...rows.map(({ slug, name, owners, members, devices }) =>
      [
        `${slug} `.padEnd(28),
        `${devices} devices  ${members} members`,
        ...(owners === 0 ? [`no owner: npm run ops -- invite ADDRESS --tenant ${slug} --role owner`] : []),
        name,
      ].join('  '),
    ),
    rows.length === 1 ? '1 tenant' : `${rows.length} tenants`,
  ];
}

async function deletions(client: Client): Promise<string[]> {
  const { rows } = await client.query<Record<string, string | null> & { due_at: Date }>(
    `select kind, coalesce(subject, tenant_id::text) as subject, stage, removed, rows_left, problem, due_at,
       started_at is null as waits
     from public.deletions where finished_at is null order by asked_at`,
  );
  return rows.map(({ kind, subject, stage, removed, rows_left, problem, due_at, waits }) =>
    waits
      ? `deletion of ${kind} ${subject}: begins at ${due_at.toISOString()}`
      : `deletion of ${kind} ${subject}: ${stage}, ${removed} rows removed${rows_left === null ? '' : `, ${left(rows_left!)} left`}${problem ? `. ${problem}` : ''}`,
  );
}

/** Counted up to 100,000 and one more. */
const left = (rows: string) => (Number(rows) > 100_000 ? 'more than 100000' : rows);

/** `device delete --readings`. The device may have been deleted before: its readings are still there. */
export async function deleteDeviceData(client: Client, { tenant, device }: DeviceName): Promise<void> {
  const id = await tenantIdOf(client, tenant);
  const found = await client.query(
    `select access.delete_device_data(d.id, 'operator') from public.devices as d where d.tenant_id = $1 and d.slug = $2`,
    [id, device],
  );
  if (found.rowCount === 1) return;
  const former = await client.query(
    `insert into public.deletions (kind, tenant_id, device_id, subject, asked_by, stage)
     select 'device', a.tenant_id, (a.details ->> 'id')::uuid, a.subject, 'operator', 'rows' from public.audit_log as a
     where a.tenant_id = $1 and a.action = 'device.deleted' and a.subject = $2
     on conflict do nothing`,
    [id, device],
  );
  if (former.rowCount === 0)
    throw new Error(
      `there is no device "${tenant}.${device}", and none was deleted that the audit log knows: see "device list"`,
    );
}

/** The `person` command. */
export function personCommand(): Command {
  return new Command('person').description('accounts of people').addCommand(
    withTarget(new Command('delete'))
      .description('delete an account, and take its address out of all audit logs')
      .argument('<email>', 'the address')
      .option('--yes', 'do not ask')
      .action(async (email: string, { yes, ...options }: Options) => {
        const address = email.trim().toLowerCase();
        await withConnection(findPlace(options).database, async (client) => {
          const { rows } = await client.query<{ id: string; alone: string[] }>(
            'select id, access.owned_alone(id) as alone from auth.users where lower(email) = $1',
            [address],
          );
          const person = rows[0];
          if (person && person.alone.length > 0)
            throw new Error(
              `${address} is the only owner of ${person.alone.join(', ')}: invite another owner there ("invite"), or delete the tenant ("tenant delete")`,
            );
          await confirmDeletion(
            person
              ? `The account ${address} will be deleted.`
              : `No account has the address ${address}. It will be taken out of all audit logs.`,
            address,
            yes,
          );
          await client.query("select access.delete_person($1, $2, 'operator')", [person?.id ?? null, address]);
        });
        console.log(`${address}: deleted; the audit logs follow within minutes`);
      }),
  );
}
