// A tenant's settings, its first hour, and what is deleted: each in a tenant of its own, as each role.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import mqtt from 'mqtt';
import type { Client } from 'pg';
import type { Page } from 'playwright-core';
import { afterAll, expect, inject, test } from 'vitest';
import { telemetryTopic } from '../../domain/topics.ts';
import { withConnection } from '../../provisioning/database/connect.ts';
import { addDevice, removeTenant } from '../../provisioning/database/registry.ts';
import { DESK_AND_PHONE, inspect, open, openAs, withBrowser } from './browser.ts';
import { emailOf, type Person, signIn } from './demo-users.ts';

withBrowser();

const database = <T>(work: (client: Client) => Promise<T>) => withConnection(inject('platform').databaseUrl, work);

const made: string[] = [];
afterAll(() =>
  database(async (client) => {
    for (const slug of made) await removeTenant(client, slug);
  }),
);

/** A tenant with these members. @returns its id, and its slug, which is its name as well. */
async function makeTenant(people: Person[]): Promise<{ id: string; slug: string }> {
  const slug = `t-${randomBytes(4).toString('hex')}`;
  const id = await database(async (client) => {
    const { rows } = await client.query('insert into public.tenants (slug, name) values ($1, $1) returning id', [slug]);
    for (const person of people)
      await client.query(
        'insert into public.memberships (tenant_id, user_id, email, role) select $1, id, email, $3 from auth.users where email = $2',
        [rows[0].id, emailOf(person), person],
      );
    return rows[0].id as string;
  });
  made.push(slug);
  return { id, slug };
}

/** A page of the tenant. */
async function openIn(tenant: { id: string }, person: Person, path: string, tolerate?: RegExp): Promise<Page> {
  const page = await openAs(person, path, { tolerate });
  await page.evaluate(`localStorage.setItem('mqtt-saas.tenant', '${tenant.id}')`);
  await page.reload();
  return page;
}

const look = (page: Page, name: string) => inspect(page, DESK_AND_PHONE, name);
const section = (page: Page, name: string) => page.getByRole('region', { name });

test('an owner renames the tenant; the slug stays; staff and viewers see the same without the buttons', async () => {
  const tenant = await makeTenant(['owner', 'staff', 'viewer']);
  const owner = await openIn(tenant, 'owner', '/admin/settings');
  await owner.getByRole('textbox', { name: 'Name' }).fill('Ünïted Pümps');
  await owner.getByRole('button', { name: 'Rename' }).click();
  await owner.getByText('The tenant is now called Ünïted Pümps.').waitFor();
  await section(owner, 'Name and slug').getByText(`tenants/${tenant.slug}/devices/…`).waitFor();
  await section(owner, 'Limits').getByRole('row').filter({ hasText: 'Devices' }).first().waitFor();
  await look(owner, 'settings');
  await owner.getByRole('link', { name: 'Audit' }).click();
  await owner.getByText(`name: ${tenant.slug} → Ünïted Pümps`).waitFor();
  for (const person of ['staff', 'viewer'] as const) {
    const page = await openIn(tenant, person, '/admin/settings');
    await section(page, 'Name and slug').getByText('Ünïted Pümps').waitFor();
    await section(page, 'Limits').getByRole('row').filter({ hasText: 'Members' }).getByText('3 of 100').waitFor();
    for (const name of ['Rename', 'Delete tenant']) expect(await page.getByRole('button', { name }).count()).toBe(0);
  }
});

test('a tenant: asked for, kept, and asked for again, until nothing is left and its members see it no more', async () => {
  const { mqttPort, caFile } = inject('platform');
  const tenant = await makeTenant(['owner', 'viewer']);
  const device = await database((client) => addDevice(client, { tenant: tenant.slug, device: 'pump' }));
  const connect = () =>
    mqtt.connectAsync({
      host: '127.0.0.1',
      port: mqttPort,
      protocol: 'mqtts',
      ca: readFileSync(caFile),
      username: device.username,
      password: device.key,
      clientId: device.username,
      protocolVersion: 5,
      reconnectPeriod: 0,
    });
  const connects = () =>
    connect().then(
      async (client) => {
        await client.publishAsync(telemetryTopic(tenant.slug, 'pump'), '{"canary":1}', { qos: 1 });
        await client.endAsync();
        return true;
      },
      () => false,
    );
  await expect.poll(connects, { timeout: 30_000 }).toBe(true);

  // What a page asks about a tenant that has just gone.
  const gone = /status of 500 .*\/rest\/v1\/rpc\/\w+/;
  const page = await openIn(tenant, 'owner', '/admin/settings', gone);
  const ask = async () => {
    await page.getByRole('button', { name: 'Delete tenant' }).click();
    const dialog = page.getByRole('dialog');
    const button = dialog.getByRole('button', { name: 'Delete tenant' });
    await dialog.getByLabel(/^Type /).fill('something');
    expect(await button.isDisabled()).toBe(true);
    await dialog.getByLabel(/^Type /).fill(tenant.slug);
    return button;
  };
  const button = await ask();
  await look(page, 'delete-tenant');
  await button.click();
  await page.getByText(/^This tenant will be deleted on/).waitFor();
  await expect.poll(connects, { timeout: 30_000 }).toBe(false);
  const viewer = await openIn(tenant, 'viewer', '/admin/devices', gone);
  await viewer.getByText(/^This tenant will be deleted on/).waitFor();
  await viewer.getByRole('link', { name: 'pump' }).waitFor();
  await look(page, 'tenant-in-deletion');

  await page.getByRole('button', { name: 'Keep this tenant' }).click();
  await page.getByText('Its devices can connect again.').waitFor();
  await expect.poll(connects, { timeout: 30_000 }).toBe(true);

  await (await ask()).click();
  await page.getByText(/^This tenant will be deleted on/).waitFor();
  const hurry = async (client: Client) => {
    await client.query('update public.deletions set due_at = now(), next_at = now() where tenant_id = $1', [tenant.id]);
    await client.query('update ingest.sessions_of_deleted set next_at = now() where tenant_slug = $1', [tenant.slug]);
  };
  await expect
    .poll(
      () =>
        database(async (client) => {
          await hurry(client);
          const found = await client.query('select from public.tenants where id = $1', [tenant.id]);
          return found.rowCount;
        }),
      { timeout: 60_000, interval: 1000 },
    )
    .toBe(0);
  await viewer.reload();
  await viewer.getByRole('link', { name: 'boiler-1' }).waitFor();
  await database(hurry);
  await expect
    .poll(
      () =>
        database(async (client) => {
          const { rows } = await client.query(
            'select finished_at is not null as done, subject from public.deletions where tenant_id = $1',
            [tenant.id],
          );
          return rows[0];
        }),
      { timeout: 60_000, interval: 1000 },
    )
    .toEqual({ done: true, subject: null });
});

test('a device goes with its readings where an owner says so; staff are not offered it', async () => {
  const tenant = await makeTenant(['owner', 'staff']);
  const device = await database(async (client) => {
    const made = await addDevice(client, { tenant: tenant.slug, device: 'pump' });
    await client.query(
      `insert into public.telemetry (tenant_id, device_id, ts, message_id, payload)
       select $1, $2, now() - make_interval(secs => n), 'm' || n, '{"n": 1}' from generate_series(1, 500) as n`,
      [made.tenantId, made.deviceId],
    );
    return made;
  });
  const staff = await openIn(tenant, 'staff', `/admin/devices/view?id=${device.deviceId}`);
  await staff.getByRole('button', { name: 'Delete', exact: true }).click();
  // The dialog is loaded first.
  await staff.getByLabel('Type pump to confirm').waitFor();
  expect(await staff.getByRole('dialog').getByRole('checkbox').count()).toBe(0);
  const page = await openIn(tenant, 'owner', `/admin/devices/view?id=${device.deviceId}`);
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByLabel('Delete its readings, too').check();
  await page.getByLabel('Type pump to confirm').fill('pump');
  await look(page, 'delete-device');
  await page.getByRole('button', { name: 'Delete device and readings' }).click();
  await page.getByText('pump is deleted. Its readings follow.').waitFor();
  // The page leads to the list after that message: a click before it does would be undone.
  await page.waitForURL((url) => url.pathname === '/admin/devices');
  await page.getByRole('link', { name: 'Settings' }).click();
  // The readings, and what was made of them.
  const deletions = page.getByRole('region', { name: 'Devices deleted with their readings' });
  await expect
    .poll(() => deletions.allInnerTexts(), { timeout: 60_000 })
    .toEqual([expect.stringMatching(/\b5\d\d rows removed/)]);
  await look(page, 'device-in-deletion');
});

test('a person deletes the account and cannot sign in any more; the last owner is told what to do first', async () => {
  const { url, publishableKey } = inject('platform');
  const tenant = await makeTenant(['owner']);
  const [email, password] = [`gone-${randomBytes(3).toString('hex')}@demo.example`, randomBytes(12).toString('hex')];
  await fetch(`${url}/auth/v1/signup`, {
    method: 'POST',
    headers: { apikey: publishableKey, 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  const join = (role: string) => (client: Client) =>
    client.query(
      `insert into public.memberships (tenant_id, user_id, email, role) select $1, id, email, $3 from auth.users where email = $2
       on conflict (tenant_id, user_id) do update set role = excluded.role`,
      [tenant.id, email, role],
    );
  await database(join('owner'));
  const page = await open('/sign-in?next=%2Faccount', { tolerate: /status of (400|403|401)/ });
  await signIn(page, email, password);
  const remove = async () => {
    await page.getByLabel(`Type ${email} to confirm`).fill(email);
    await page.getByRole('button', { name: 'Delete my account', exact: true }).click();
  };
  await page.getByRole('button', { name: 'Delete my account…' }).click();
  await look(page, 'delete-account');
  await database((client) =>
    client.query('delete from public.memberships where tenant_id = $1 and email = $2', [tenant.id, emailOf('owner')]),
  );
  await remove();
  await page.getByText(`you are the only owner of ${tenant.slug}`, { exact: false }).waitFor();
  await database((client) =>
    client.query(
      "insert into public.memberships (tenant_id, user_id, email, role) select $1, id, email, 'owner' from auth.users where email = $2",
      [tenant.id, emailOf('owner')],
    ),
  );
  await remove();
  await page.waitForURL(/\/sign-in/);
  await signIn(page, email, password);
  await page.getByText('E-mail and password do not match an account.').waitFor();
});

test('an empty tenant guides its owner; each step is ticked by what there is; dismissed, it does not come back', async () => {
  const tenant = await makeTenant(['owner', 'viewer']);
  const page = await openIn(tenant, 'owner', '/admin/devices');
  const list = page.getByRole('region', { name: /^Set up/ });
  await list.getByText('Invite somebody').waitFor();
  await page.getByText('Set up: 1 of 6').waitFor();
  await look(page, 'first-hour');
  await database((client) => addDevice(client, { tenant: tenant.slug, device: 'pump' }));
  await database((client) =>
    client.query(
      `insert into public.device_status (tenant_id, device_id, last_received_at, fields)
       select tenant_id, id, now(), '{"t": [1, 0, 0]}' from public.devices where tenant_id = $1`,
      [tenant.id],
    ),
  );
  await page.reload();
  await page.getByText('Set up: 4 of 6').waitFor();
  // What the list shows is not what the tenant has.
  await page.getByLabel('Search devices').fill('no such device');
  await page.getByText('No match').waitFor();
  await page.getByText('Set up: 4 of 6').waitFor();
  await list.getByRole('link', { name: 'Make an alert rule' }).waitFor();
  await list.getByRole('button', { name: 'Dismiss' }).click();
  await page.getByRole('button', { name: 'Show all devices' }).click();
  await page.reload();
  await page.getByRole('link', { name: 'pump' }).waitFor();
  // The checklist would come later than the devices: it is loaded, and then asks.
  await page.waitForLoadState('networkidle');
  expect(await list.count()).toBe(0);
  const viewer = await openIn(await makeTenant(['owner', 'viewer']), 'viewer', '/admin/devices');
  await viewer.getByText('No devices yet').waitFor();
  await viewer.waitForLoadState('networkidle');
  expect(await viewer.getByRole('region', { name: /^Set up/ }).count()).toBe(0);
});
