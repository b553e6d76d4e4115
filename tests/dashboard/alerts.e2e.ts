// An alert rule: tried while it is written, opened by what breaks it, acknowledged, deleted.
import type { Locator } from 'playwright-core';
import { expect, inject, test } from 'vitest';
import { withConnection } from '../../provisioning/database/connect.ts';
import { DESK_AND_PHONE, inspect, openAs, withBrowser } from './browser.ts';

withBrowser();

const query = (sql: string) => withConnection(inject('platform').databaseUrl, (client) => client.query(sql));

/** What the platform does once a minute. */
const evaluate = () => query('select public.evaluate_alert_rules()');

test('a rule shows what it would have fired on, opens an alert, and the alert is acknowledged', async () => {
  const page = await openAs('staff', '/admin/alerts');
  await page.getByRole('tab', { name: 'Rules' }).click();
  await page.getByRole('button', { name: 'New rule' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('Boiler too warm');
  await dialog.getByLabel('Device').selectOption({ label: 'boiler-1' });
  await dialog.getByLabel('Field').fill('temperature');
  await dialog.getByLabel('Threshold').fill('1000');
  const preview = dialog.getByRole('status', { name: 'Preview' });
  await preview.getByText('never').waitFor();
  await dialog.getByLabel('Threshold').fill('-50');
  await preview.getByText(/^(once|[\d,]+ times)$/).waitFor();
  await preview.getByText('On one device').waitFor();
  await dialog.getByRole('button', { name: 'Create rule' }).click();
  await page.getByText('Boiler too warm is active').waitFor();

  await evaluate();
  // For people in another tab; a page that is opened later has it, too.
  await expect.poll(() => page.title(), { timeout: 30_000 }).toMatch(/^\(\d+\) Alerts · /);
  await page.getByRole('link', { name: 'Users' }).click();
  await expect.poll(() => page.title(), { timeout: 30_000 }).toMatch(/^\(\d+\) Users · /);
  await page.getByRole('link', { name: /^Alerts/ }).click();
  const alert = page.getByRole('row').filter({ hasText: 'Boiler too warm' });
  // There is no channel.
  await alert.getByText('nobody').waitFor();
  await alert.getByRole('button', { name: 'Acknowledge' }).click();
  await alert.getByText('staff@demo.example').waitFor();

  await page.getByRole('tab', { name: 'Rules' }).click();
  await page.getByRole('button', { name: /delete.*Boiler too warm/i }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete rule' }).click();
  await page.getByText('The rule Boiler too warm is deleted.').waitFor();
  await page.getByRole('row').filter({ hasText: 'Boiler too warm' }).waitFor({ state: 'detached' });
});

test('the owner reads in the audit log who did it', async () => {
  const page = await openAs('owner', '/admin/audit');
  const entry = page.getByRole('row').filter({ hasText: 'staff@demo.example' }).filter({ hasText: /rule/i });
  await entry.first().waitFor();
});

test('a preview that is too much for the database says so, and is not asked for again', async () => {
  const page = await openAs('staff', '/admin/alerts', { tolerate: /status of 500/ });
  let asked = 0;
  await page.route('**/rest/v1/rpc/try_alert_rule*', (route) => {
    asked++;
    const error = { code: '57014', message: 'canceling statement due to statement timeout', details: null, hint: null };
    return route.fulfill({ status: 500, json: error });
  });
  await page.getByRole('tab', { name: 'Rules' }).click();
  await page.getByRole('button', { name: 'New rule' }).click();
  await page.getByLabel('Fires when').selectOption({ label: 'A device is silent' });
  await page.getByText('Choose one device, or save the rule without this preview.').waitFor();
  const before = asked;
  // Longer than the first two times that a failed query is asked again.
  await page.waitForTimeout(4000);
  expect(asked).toBe(before);
});

test('a rule of two conditions that last, on a tag, is written by the keyboard and read as a sentence by each role', async () => {
  await query(`
    with device as (
      insert into public.devices (tenant_id, slug, name, tags, created_at)
      select id, 'cold-1', 'Cold room', '{cold}', now() - interval '1 day' from public.tenants where slug = 'acme' returning tenant_id, id)
    insert into public.device_status (tenant_id, device_id, last_received_at, fields)
    select d.tenant_id, d.id, at, jsonb_build_object('inside', jsonb_build_array(9, ms, ms), 'door', jsonb_build_array('open', ms, ms))
    from device as d, (select now() - interval '20 minutes' as at, extract(epoch from now() - interval '20 minutes') * 1000 as ms) as t`);
  const page = await openAs('staff', '/admin/alerts');
  await page.getByRole('tab', { name: 'Rules' }).click();
  await page.getByRole('button', { name: 'New rule' }).click();
  const dialog = page.getByRole('dialog');
  const type = async (field: Locator, text: string) => {
    await field.focus();
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type(text);
  };
  await type(dialog.getByLabel('Name'), 'Cold room open');
  await dialog.getByLabel('Device').focus();
  await page.keyboard.type('tagged cold');
  await type(dialog.getByLabel('Field'), 'inside');
  await type(dialog.getByLabel('Threshold'), '8');
  await dialog.getByRole('button', { name: 'And a second condition' }).focus();
  await page.keyboard.press('Enter');
  const second = dialog.getByRole('group', { name: 'And' });
  await type(second.getByLabel('Field'), 'door');
  // A field whose newest value is text is compared as text.
  await type(second.getByLabel('Value'), 'open');
  await type(dialog.getByLabel('For', { exact: true }), '10');
  const sentence = 'When inside is above 8 and door is “open” for 10 minutes, on devices tagged cold';
  await dialog.getByText(`${sentence}.`).waitFor();
  await dialog.getByRole('status', { name: 'Preview' }).getByText('never').waitFor();
  await inspect(page, DESK_AND_PHONE, 'alert-rule-two');
  await dialog.getByRole('button', { name: 'Create rule' }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('Cold room open is active').waitFor();

  await evaluate();
  const viewer = await openAs('viewer', '/admin/alerts');
  const words = 'inside was above 8 and door was "open" for 10 minutes, at last 9';
  await viewer.getByRole('row').filter({ hasText: 'Cold room' }).getByText(words).waitFor();
  await viewer.getByRole('tab', { name: 'Rules' }).click();
  const rule = viewer.getByRole('row').filter({ hasText: 'Cold room open' });
  await rule.getByText(sentence).waitFor();
  await rule.getByText('1 device has this tag.').waitFor();
  await rule.getByText(/^What came before .* is not judged\.$/).waitFor();
  expect(await viewer.getByRole('button', { name: 'New rule' }).count()).toBe(0);
  await inspect(viewer, DESK_AND_PHONE, 'rules');
  await query(
    "delete from public.alert_rules where name = 'Cold room open'; delete from public.devices where slug = 'cold-1'",
  );
});
