// Devices and service accounts, from the command to what the broker's files are rendered from.
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKey, hashKey } from '../../domain/credentials.ts';
import { type RegistryEntry, renderRegistry, SERVICE_RIGHTS, type ServicePurpose } from '../broker/registry.ts';
import { connect, withConnection } from './connect.ts';
import { scramVerifier, setLogin } from './login.ts';
import {
  addDevice,
  deleteDevice,
  deleteServiceAccount,
  listDevices,
  readRegistry,
  removeTenant,
  rotateDevice,
  setDeviceEnabled,
  upsertServiceAccount,
} from './registry.ts';
import { startTestDatabase, type TestDatabase } from './testing/database.ts';

let database: TestDatabase;
let client: Client;

beforeAll(async () => {
  database = await startTestDatabase();
  client = database.admin;
});
afterAll(() => database.stop());

/** The stored hash of a device, if it may connect. */
async function hashOf(tenant: string, device: string): Promise<string | undefined> {
  const entries = await readRegistry(client);
  return entries.find((entry) => entry.kind === 'device' && entry.tenant === tenant && entry.device === device)
    ?.passwordHash;
}

async function matches(key: string, hash: string | undefined): Promise<boolean> {
  return hash === (await hashKey(key, new Uint8Array(Buffer.from(hash?.split('$')[3] ?? '', 'base64'))));
}

describe('a device', () => {
  it('is in the registry with the hash of the key that was shown', async () => {
    const { username, key } = await addDevice(client, { tenant: 'acme', device: 'pump', createTenant: true });
    expect(username).toBe('acme.pump');
    expect(await matches(key, await hashOf('acme', 'pump'))).toBe(true);
    const dump = await client.query('select row_to_json(c)::text as row from public.device_credentials as c');
    for (const { row } of dump.rows) expect(row).not.toContain(key);
  });

  it('needs its tenant, and a name of its own', async () => {
    await expect(addDevice(client, { tenant: 'nobody', device: 'pump' })).rejects.toThrow(
      /there is no tenant "nobody"/,
    );
    await expect(addDevice(client, { tenant: 'acme', device: 'pump' })).rejects.toThrow(/device "acme.pump" exists/);
    await expect(addDevice(client, { tenant: 'acme', device: 'a/b' })).rejects.toThrow(/device "a\/b" is not a slug/);
  });

  it('may be added by several callers at once, the tenant made by one of them', async () => {
    const names = ['one', 'two', 'three'];
    const add = (device: string) =>
      withConnection(database.postgres.url, (own) => addDevice(own, { tenant: 'fleet', device, createTenant: true }));
    await Promise.all(names.map(add));
    expect((await listDevices(client, 'fleet')).map(({ device }) => device)).toEqual(['one', 'three', 'two']);
  });

  it('is out of the registry while it is disabled', async () => {
    await setDeviceEnabled(client, { tenant: 'acme', device: 'pump' }, false);
    expect(await hashOf('acme', 'pump')).toBeUndefined();
    expect(await listDevices(client, 'acme')).toMatchObject([{ device: 'pump', enabled: false }]);
    await setDeviceEnabled(client, { tenant: 'acme', device: 'pump' }, true);
    expect(await hashOf('acme', 'pump')).toBeDefined();
  });

  it('has one key in force after a rotation, and its history', async () => {
    const first = await hashOf('acme', 'pump');
    const { key } = await rotateDevice(client, { tenant: 'acme', device: 'pump' });
    expect(await hashOf('acme', 'pump')).not.toBe(first);
    expect(await matches(key, await hashOf('acme', 'pump'))).toBe(true);
    const { rows } = await client.query(
      `select c.revoked_at is null as active from public.device_credentials as c
       join public.devices as d on d.id = c.device_id where d.slug = 'pump' order by c.created_at`,
    );
    expect(rows).toEqual([{ active: false }, { active: true }]);
  });

  it('is gone with its keys after a deletion', async () => {
    await deleteDevice(client, { tenant: 'fleet', device: 'two' });
    expect(await hashOf('fleet', 'two')).toBeUndefined();
    const missing = { tenant: 'fleet', device: 'two' };
    await expect(deleteDevice(client, missing)).rejects.toThrow(/there is no device "fleet.two"/);
    await expect(rotateDevice(client, missing)).rejects.toThrow(/there is no device "fleet.two"/);
    await expect(setDeviceEnabled(client, missing, true)).rejects.toThrow(/there is no device "fleet.two"/);
  });
});

describe('a tenant', () => {
  it('is removed with everything it has, and nothing of another', async () => {
    const gone = await addDevice(client, { tenant: 'gone', device: 'd', createTenant: true });
    const stays = await addDevice(client, { tenant: 'stays', device: 'd', createTenant: true });
    for (const { tenantId, deviceId } of [gone, stays]) {
      const reading =
        "insert into public.telemetry (tenant_id, device_id, ts, message_id, payload) values ($1, $2, now(), 'm', '{}')";
      await client.query(reading, [tenantId, deviceId]);
    }
    await removeTenant(client, 'gone');
    await removeTenant(client, 'gone');
    const { rows } = await client.query('select tenant_id from public.telemetry');
    expect(rows).toEqual([{ tenant_id: stays.tenantId }]);
    await expect(listDevices(client, 'gone')).rejects.toThrow('there is no tenant "gone"');
    expect(await listDevices(client, 'stays')).toHaveLength(1);
  });
});

describe('a service account', () => {
  it('may have each purpose the broker knows, and no other', async () => {
    for (const purpose of Object.keys(SERVICE_RIGHTS) as ServicePurpose[]) {
      await upsertServiceAccount(client, { username: `svc-${purpose}`, purpose, key: generateKey() });
    }
    const unknown = { username: 'svc-x', purpose: 'admin' as ServicePurpose, key: generateKey() };
    await expect(upsertServiceAccount(client, unknown)).rejects.toMatchObject({ code: '23514' });
  });

  it('cannot be named like a device', async () => {
    const account = { username: 'acme.pump', purpose: 'ingest', key: generateKey() } as const;
    await expect(upsertServiceAccount(client, account)).rejects.toMatchObject({ code: '23514' });
  });

  it('changes only when its key or purpose does', async () => {
    const key = generateKey();
    const find = async () =>
      (await readRegistry(client)).find((entry) => entry.kind === 'service' && entry.username === 'svc-a');
    await upsertServiceAccount(client, { username: 'svc-a', purpose: 'ingest', key });
    const first = await find();
    await upsertServiceAccount(client, { username: 'svc-a', purpose: 'ingest', key });
    expect(await find()).toEqual(first);
    await upsertServiceAccount(client, { username: 'svc-a', purpose: 'control', key });
    expect(await find()).toMatchObject({ purpose: 'control' });
    await upsertServiceAccount(client, { username: 'svc-a', purpose: 'control', key: generateKey() });
    expect((await find())?.passwordHash).not.toBe(first?.passwordHash);
    await deleteServiceAccount(client, 'svc-a');
    expect(await find()).toBeUndefined();
  });

  it('and devices together render to the registry file', async () => {
    const file = renderRegistry((await readRegistry(client)) satisfies RegistryEntry[]);
    expect(file.split('\n').map((line) => line.split(' ')[0])).toContain('svc-ingest');
    expect(file).toContain('acme.pump $7$');
  });
});

const SAMPLE_PASSWORD = generateKey();

describe('setLogin', () => {
  it('lets a role in with the new password only', async () => {
    const password = 'p@ss/word with-nothing-odd'.replaceAll(' ', '_');
    const url = new URL(database.postgres.url);
    url.username = 'broker_sync';
    url.password = encodeURIComponent(password);
    await expect(connect(url.href)).rejects.toThrow(/28/);
    await setLogin(client, 'broker_sync', password);
    await (await connect(url.href)).end();
    await setLogin(client, 'broker_sync', generateKey());
    await expect(connect(url.href)).rejects.toThrow(/user or password is wrong/);
  });

  it('makes the verifier that Postgres makes', async () => {
    await client.query(
      "set password_encryption = 'scram-sha-256'; create role sample password 'correct horse battery'",
    );
    const { rows } = await client.query("select rolpassword from pg_authid where rolname = 'sample'");
    const stored: string = rows[0].rolpassword;
    const salt = Buffer.from(stored.split(/[:$]/)[2] ?? '', 'base64');
    expect(scramVerifier('correct horse battery', salt)).toBe(stored);
  });

  it('says what to run if the connected user may not change the role', async () => {
    await client.query(`create role "other.owner" createrole login password '${SAMPLE_PASSWORD}'`);
    const url = Object.assign(new URL(database.postgres.url), { username: 'other.owner', password: SAMPLE_PASSWORD });
    const refusal = () =>
      withConnection(url.href, (other) =>
        setLogin(other, 'mqtt_ingest', generateKey()).then(
          () => undefined,
          ({ message }: Error) => message,
        ),
      );
    const grant = 'grant mqtt_ingest to "other.owner" with admin option, inherit false, set false';
    expect(await refusal()).toContain(`run "${grant}", and try again`);
    await client.query('alter role "other.owner" nocreaterole');
    const statements = `alter role "other.owner" createrole; ${grant}`;
    expect(await refusal()).toContain(`run "${statements}", and try again`);
    await client.query(statements);
    expect(await refusal()).toBeUndefined();
    // It may set the password, and read nothing more than before.
    const { rows } = await client.query(`select pg_has_role('other.owner', 'mqtt_ingest', 'usage') as uses`);
    expect(rows).toEqual([{ uses: false }]);
  });

  it('refuses other roles and unfit passwords', async () => {
    await expect(setLogin(client, 'postgres', generateKey())).rejects.toThrow(/is not one of mqtt_ingest, broker_sync/);
    await expect(setLogin(client, 'mqtt_ingest', 'short')).rejects.toThrow(/20 or more/);
    await expect(setLogin(client, 'mqtt_ingest', 'a line\nand another line')).rejects.toThrow(/20 or more/);
  });
});
