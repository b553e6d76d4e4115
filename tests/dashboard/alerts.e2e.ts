// An alert rule: tried while it is written, opened by what breaks it, acknowledged, deleted.
import { inject, test } from 'vitest';
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
  await dialog.getByLabel('Bound').fill('1000');
  const preview = dialog.getByRole('status', { name: 'Preview' });
  await preview.getByText('never').waitFor();
  await dialog.getByLabel('Bound').fill('-50');
  await preview.getByText(/^(once|[\d,]+ times)$/).waitFor();
  await preview.getByText('On one device').waitFor();
  await dialog.getByRole('button', { name: 'Create rule' }).click();
  await page.getByText('Boiler too warm is in force').waitFor();

  await evaluate();
  await page.getByRole('tab', { name: /^Open/ }).click();
  const alert = page.getByRole('row').filter({ hasText: 'Boiler too warm' });
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
