// An alert rule: tried while it is written, opened by what breaks it, acknowledged, deleted.
import { expect, inject, test } from 'vitest';
import { withConnection } from '../../provisioning/database/connect.ts';
import { openAs, withBrowser } from './browser.ts';

withBrowser();

/** What the platform does once a minute. */
const evaluate = () =>
  withConnection(inject('platform').databaseUrl, (client) => client.query('select public.evaluate_alert_rules()'));

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
