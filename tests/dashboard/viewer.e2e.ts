// What a viewer may not do is not offered to them, and the database refuses it when they force it by hand.
import { randomUUID } from 'node:crypto';
import type { Page } from 'playwright-core';
import { expect, inject, test } from 'vitest';
import { withConnection } from '../../provisioning/database/connect.ts';
import { SAMPLE_HASH } from '../../provisioning/database/testing/world.ts';
import { openAs, withBrowser } from './browser.ts';

withBrowser();

test('nothing is offered that they may not do', async () => {
  const page = await openAs('viewer', '/admin/devices');
  const absent = async (...locators: ReturnType<Page['locator']>[]) => {
    for (const locator of locators) expect(await locator.count(), String(locator)).toBe(0);
  };
  await page.getByRole('link', { name: 'boiler-1' }).waitFor();
  await absent(
    page.getByRole('button', { name: 'Add device' }),
    page.getByRole('switch'),
    page.getByRole('link', { name: 'Audit' }),
  );
  await page.getByRole('link', { name: 'boiler-1' }).click();
  await page.getByRole('heading', { name: 'Last readings' }).waitFor();
  await absent(
    ...['Connect', 'Rename', 'Tags', 'Rotate key', 'Delete', 'Send command'].map((name) =>
      page.getByRole('button', { name }),
    ),
  );
  await page.getByRole('link', { name: 'Users' }).click();
  await page.getByRole('row').filter({ hasText: 'owner@demo.example' }).waitFor();
  await absent(page.getByRole('button', { name: 'Invite' }), page.getByRole('combobox', { name: /^Role of/ }));
  await absent(page.getByRole('button', { name: /^Remove/ }));
  await page.getByRole('link', { name: 'Alerts' }).click();
  await page.getByRole('tab', { name: 'Rules' }).click();
  await page.getByText('No rules yet').waitFor();
  await absent(page.getByRole('button', { name: 'New rule' }));
  await page.getByRole('navigation').getByRole('link', { name: 'Notifications' }).click();
  await page.getByText('No channels yet').waitFor();
  await absent(page.getByRole('button', { name: 'Add channel' }), page.getByRole('button', { name: 'Add route' }));
});

test('forced by hand with their own session, the database refuses, and nothing has changed', async () => {
  const page = await openAs('viewer', '/admin/devices');
  const { url, publishableKey, databaseUrl } = inject('platform');
  const session = (await page.evaluate("localStorage.getItem('mqtt-saas.session')")) as string;
  const { access_token, user } = JSON.parse(session);
  const { ids, count } = await withConnection(databaseUrl, async (client) => {
    const { rows } = await client.query(
      `select t.id as tenant, d.id as device from public.tenants as t join public.devices as d on d.tenant_id = t.id
       where t.slug = 'acme' and d.slug = 'boiler-1'`,
    );
    return { ids: rows[0] as { tenant: string; device: string }, count: () => countAll(databaseUrl) };
  });
  const before = await count();
  const ask = async (method: string, path: string, body?: object) => {
    const answer = await fetch(`${url}/rest/v1/${path}`, {
      method,
      headers: { apikey: publishableKey, authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, ...((await answer.json()) as object) };
  };
  const rule = { tenant_id: ids.tenant, name: 'x', kind: 'missing', window_minutes: 5, severity: 'info' };
  const forced: [method: string, path: string, body?: object][] = [
    ['POST', 'rpc/add_device', { tenant_id: ids.tenant, slug: 'mine', name: 'mine', password_hash: SAMPLE_HASH }],
    ['POST', 'rpc/set_device_enabled', { device_id: ids.device, enabled: false }],
    ['POST', 'rpc/rename_device', { device_id: ids.device, name: 'mine' }],
    ['POST', 'rpc/rotate_device', { device_id: ids.device, password_hash: SAMPLE_HASH }],
    ['POST', 'rpc/delete_device', { device_id: ids.device }],
    ['POST', 'rpc/tag_devices', { tenant_id: ids.tenant, device_ids: [ids.device], added: ['mine'] }],
    ['POST', 'rpc/set_devices_enabled', { tenant_id: ids.tenant, device_ids: [ids.device], enabled: false }],
    ['POST', 'rpc/delete_devices', { tenant_id: ids.tenant, device_ids: [ids.device] }],
    [
      'POST',
      'rpc/import_devices',
      { tenant_id: ids.tenant, devices: [{ slug: 'mine', name: 'mine', password_hash: SAMPLE_HASH }] },
    ],
    ['POST', 'rpc/send_command', { device_id: ids.device, payload: { off: true } }],
    ['POST', 'rpc/create_invitation', { tenant_id: ids.tenant, email: 'x@y.example', role: 'owner' }],
    ['POST', 'rpc/change_role', { tenant_id: ids.tenant, user_id: user.id, role: 'owner' }],
    ['POST', 'alert_rules', rule],
    ['POST', 'memberships', { tenant_id: ids.tenant, user_id: randomUUID(), email: 'x@y.example', role: 'owner' }],
    ['PATCH', `memberships?user_id=eq.${user.id}`, { role: 'owner' }],
    ['PATCH', `devices?id=eq.${ids.device}`, { enabled: false }],
    ['DELETE', `telemetry?device_id=eq.${ids.device}`],
    ['GET', 'device_credentials?select=password_hash'],
  ];
  for (const [method, path, body] of forced) {
    expect(await ask(method, path, body), `${method} ${path}`).toMatchObject({ status: 403, code: '42501' });
  }
  for (const table of [
    'dead_letters?select=id',
    'audit_log',
    'invitations?select=id',
    'device_credentials?select=id',
  ]) {
    expect(await ask('GET', table), table).toEqual({ status: 200 });
  }
  expect(await count()).toEqual(before);
});

/** Rows that only people change. */
const countAll = (databaseUrl: string) =>
  withConnection(databaseUrl, async (client) => {
    const { rows } = await client.query(`
      select (select count(*) from public.devices where enabled) as devices,
        (select count(*) from public.device_commands) as commands,
        (select count(*) from public.alert_rules) as rules,
        (select string_agg(email || role, ',' order by email) from public.memberships) as members,
        (select count(*) from public.invitations) as invitations,
        (select count(*) from public.device_credentials) as credentials`);
    return rows[0];
  });
