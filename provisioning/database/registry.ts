// The registry: the tenants, devices and service accounts that may connect to the broker. Keys are shown once, and only hashes are
// stored. Every change is one statement: it is atomic without a transaction, also through a pooler.
import type { ClientBase, QueryResultRow } from 'pg';
import { generateKey, hashKey } from '../../domain/credentials.ts';
import { assertDisplayName, assertSlug, deviceUsername } from '../../domain/identifiers.ts';
import type { RegistryEntry, ServicePurpose } from '../broker/registry.ts';

/** A device, by its tenant's and its own slug. */
export interface DeviceName {
  tenant: string;
  device: string;
}

/** A device, with a key that cannot be read again. */
export interface DeviceKey {
  deviceId: string;
  tenantId: string;
  /** MQTT user name. */
  username: string;
  key: string;
}

/** A line of a device list. */
export interface DeviceListing extends DeviceName {
  name: string;
  enabled: boolean;
  createdAt: Date;
  /** When the current key was made; null if there is none. */
  keyCreatedAt: Date | null;
  /** When its newest message came; null if none ever did. */
  lastSeenAt: Date | null;
  tags: string[];
}

/** A tenant's id. @throws Error if there is no such tenant. */
export async function tenantIdOf(client: ClientBase, tenant: string): Promise<string> {
  const { rows } = await client.query<{ id: string }>('select id from public.tenants where slug = $1', [tenant]);
  if (!rows[0]) throw new Error(`there is no tenant "${tenant}": see "tenant list"`);
  return rows[0].id;
}

/**
 * Adds a device and returns its key.
 * @param options.name display name. Default: the slug.
 * @param options.createTenant makes the tenant if it is missing. Default: false.
 * @throws Error if a slug is malformed, the tenant is missing, or the device exists.
 */
export async function addDevice(
  client: ClientBase,
  { tenant, device, name = device, createTenant = false }: DeviceName & { name?: string; createTenant?: boolean },
): Promise<DeviceKey> {
  const username = deviceUsername(tenant, device);
  const key = generateKey();
  const sql = `
    with made as (
      insert into public.tenants (slug, name) select $1, $1 where $5
      on conflict (slug) do update set slug = excluded.slug returning id
    ), tenant as (
      select id from made union select id from public.tenants where slug = $1
    ), device as (
      insert into public.devices (tenant_id, slug, name) select id, $2, $3 from tenant
      on conflict (tenant_id, slug) do nothing returning id, tenant_id
    ), credential as (
      insert into public.device_credentials (tenant_id, device_id, password_hash) select tenant_id, id, $4 from device
    )
    select tenant.id as tenant, device.id as device from tenant left join device on true`;
  const { rows } = await client.query<{ tenant: string; device: string | null }>(sql, [
    tenant,
    device,
    assertDisplayName(name),
    await hashKey(key),
    createTenant,
  ]);
  const [made] = rows;
  if (made === undefined) throw new Error(`there is no tenant "${tenant}": add --create-tenant to make it`);
  if (made.device === null) throw new Error(`device "${username}" exists: rotate its key, or delete it first`);
  return { deviceId: made.device, tenantId: made.tenant, username, key };
}

/**
 * Adds devices with their keys, all or none; one that is there with that very hash is left alone.
 * @returns how many were added. @throws Error if the tenant is missing, or a device has another key.
 */
export async function importDevices(
  client: ClientBase,
  tenant: string,
  devices: { slug: string; name: string; tags: string[]; key: string }[],
): Promise<number> {
  const rows = [];
  for (const { slug, name, tags, key } of devices) rows.push({ slug, name, tags, password_hash: await hashKey(key) });
  const { rows: made } = await client.query<{ added: number }>(
    'select access.insert_devices(t.id, $2) as added from public.tenants as t where t.slug = $1',
    [assertSlug(tenant, 'tenant'), JSON.stringify(rows)],
  );
  if (made.length === 0) throw new Error(`there is no tenant "${tenant}": \`ops device list\` shows those there are`);
  return made[0]!.added;
}

/** All devices, or one tenant's, in the natural order of their slugs. @throws Error if there is no such tenant. */
export async function listDevices(client: ClientBase, tenant?: string): Promise<DeviceListing[]> {
  if (tenant !== undefined) {
    const { rowCount } = await client.query('select from public.tenants where slug = $1', [
      assertSlug(tenant, 'tenant'),
    ]);
    if (rowCount === 0) throw new Error(`there is no tenant "${tenant}": \`ops device list\` without one shows all`);
  }
  const { rows } = await client.query<DeviceListing & QueryResultRow>(
    `select t.slug as tenant, d.slug as device, d.name, d.enabled, d.created_at as "createdAt", d.tags,
       c.created_at as "keyCreatedAt", s.last_received_at as "lastSeenAt"
     from public.devices as d
     join public.tenants as t on t.id = d.tenant_id
     left join public.device_credentials as c on c.device_id = d.id and c.revoked_at is null
     left join public.device_status as s on s.tenant_id = d.tenant_id and s.device_id = d.id
     where $1::text is null or t.slug = $1
     order by t.slug, access.natural_key(d.slug) collate "C", d.slug`,
    [tenant ?? null],
  );
  return rows;
}

/** Allows a device to connect, or not. @throws Error if there is no such device. */
export async function setDeviceEnabled(client: ClientBase, device: DeviceName, enabled: boolean): Promise<void> {
  await onDevice(client, device, 'update public.devices set enabled = $2 where id = $1 returning id', [enabled]);
}

/** Replaces a device's key; the broker refuses the old one after its next sync. @throws Error if there is no such device. */
export async function rotateDevice(client: ClientBase, device: DeviceName): Promise<DeviceKey> {
  const key = generateKey();
  const { id, tenant_id } = await onDevice(
    client,
    device,
    // Counting the revoked forces that update before the insert: a device has one active key at every moment.
    `with revoked as (
       update public.device_credentials set revoked_at = now() where device_id = $1 and revoked_at is null returning 1
     )
     insert into public.device_credentials (tenant_id, device_id, password_hash)
     select tenant_id, id, $2 from public.devices where id = $1 and (select count(*) from revoked) >= 0
     returning device_id as id, tenant_id`,
    [await hashKey(key)],
  );
  return { deviceId: id, tenantId: tenant_id!, username: deviceUsername(device.tenant, device.device), key };
}

/** Removes a device and its credentials; its readings stay. @throws Error if there is no such device. */
export async function deleteDevice(client: ClientBase, device: DeviceName): Promise<void> {
  await onDevice(client, device, 'delete from public.devices where id = $1 returning id');
}

/** Removes a tenant with all its data, readings included. Does nothing if there is no such tenant. */
export async function removeTenant(client: ClientBase, tenant: string): Promise<void> {
  await client.query(
    // Counting what is held locks it before a letter goes, as ingest does: it may be keeping the equal of one.
    `with gone as (delete from public.tenants where slug = $1 returning id),
       held as (select from ingest.dead_letter_use where tenant_id in (select id from gone) for update),
       devices as (delete from public.devices where tenant_id in (select id from gone)),
       readings as (delete from public.telemetry where tenant_id in (select id from gone)),
       letters as (delete from public.dead_letters where tenant_id in (select id from gone) and (select count(*) from held) >= 0),
       identities as (delete from ingest.untimed where tenant_id in (select id from gone))
     select from gone`,
    [assertSlug(tenant, 'tenant')],
  );
}

/**
 * Sets a service account's key and purpose. If both are unchanged it changes nothing, so the broker is not reloaded.
 * @param account.username `svc-…`, see provisioning/broker/registry.ts.
 */
export async function upsertServiceAccount(
  client: ClientBase,
  { username, purpose, key }: { username: string; purpose: ServicePurpose; key: string },
): Promise<void> {
  const { rows } = await client.query<{ password_hash: string; purpose: string }>(
    'select password_hash, purpose from broker.service_accounts where username = $1',
    [username],
  );
  const [current] = rows;
  if (current?.purpose === purpose && (await isHashOf(current.password_hash, key))) return;
  await upsertServiceHash(client, { username, purpose, hash: await hashKey(key) });
}

/** The same, if only the key's hash is known. */
export async function upsertServiceHash(
  client: ClientBase,
  { username, purpose, hash }: { username: string; purpose: ServicePurpose; hash: string },
): Promise<void> {
  await client.query(
    `insert into broker.service_accounts as known (username, purpose, password_hash) values ($1, $2, $3)
     on conflict (username) do update set purpose = excluded.purpose, password_hash = excluded.password_hash
     where (known.purpose, known.password_hash) is distinct from (excluded.purpose, excluded.password_hash)`,
    [username, purpose, hash],
  );
}

/** Whether there is such a service account; with a `key`, whether it is that account's key. */
export async function hasServiceAccount(
  client: ClientBase,
  { username, key }: { username: string; key?: string },
): Promise<boolean> {
  const { rows } = await client.query<{ password_hash: string }>(
    'select password_hash from broker.service_accounts where username = $1',
    [username],
  );
  const [found] = rows;
  return found !== undefined && (key === undefined || (await isHashOf(found.password_hash, key)));
}

/** Removes a service account if it exists. */
export async function deleteServiceAccount(client: ClientBase, username: string): Promise<void> {
  await client.query('delete from broker.service_accounts where username = $1', [username]);
}

/** The broker refuses every account of the control loop but these. */
export async function endControlAccounts(client: ClientBase, except: readonly string[]): Promise<void> {
  await client.query("delete from broker.service_accounts where purpose = 'control' and username <> all ($1)", [
    except,
  ]);
}

/** Everyone who may connect now: the content of the broker's files. The role `broker_sync` is enough. */
export async function readRegistry(client: ClientBase): Promise<RegistryEntry[]> {
  const { rows } = await client.query<RegistryEntry & QueryResultRow>(
    `select kind, username, purpose, tenant_slug as tenant, device_slug as device, password_hash as "passwordHash",
       former
     from broker.registry order by username`,
  );
  return rows.map(({ kind, username, purpose, tenant, device, passwordHash, former: kept }) => {
    const former = kept ?? undefined;
    return kind === 'device'
      ? { kind, tenant, device, passwordHash, former }
      : { kind, username, purpose, passwordHash, former };
  });
}

export async function isHashOf(hash: string, key: string): Promise<boolean> {
  const salt = Buffer.from(hash.split('$')[3] ?? '', 'base64');
  return (await hashKey(key, new Uint8Array(salt))) === hash;
}

/** Runs a statement on one device: `$1` is its id. */
async function onDevice(client: ClientBase, { tenant, device }: DeviceName, sql: string, values: unknown[] = []) {
  const username = deviceUsername(tenant, device);
  const found = await client.query<{ id: string }>(
    'select d.id from public.devices as d join public.tenants as t on t.id = d.tenant_id where t.slug = $1 and d.slug = $2',
    [tenant, device],
  );
  const id = found.rows[0]?.id;
  const changed = id ? await client.query<{ id: string; tenant_id?: string }>(sql, [id, ...values]) : undefined;
  const row = changed?.rows[0];
  if (row === undefined) throw new Error(`there is no device "${username}": see "device list"`);
  return row;
}
