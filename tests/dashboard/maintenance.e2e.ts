// An announced maintenance is on every page, until it ends.
import type { Page } from 'playwright-core';
import { afterEach, expect, inject, test } from 'vitest';
import { withConnection } from '../../provisioning/database/connect.ts';
import { DESK_AND_PHONE, inspect, open, openAs, withBrowser } from './browser.ts';

withBrowser();

const ask = (sql: string) => withConnection(inject('platform').databaseUrl, (client) => client.query(sql));
afterEach(() => ask("select access.end_maintenance('tests')"));

const banner = (page: Page) => page.getByRole('status', { name: 'Maintenance' });

test('members and people who are not signed in see until when and why', async () => {
  await ask("select access.begin_maintenance('The broker moves to a larger disk', 90, 'tests')");
  for (const page of [await open('/sign-in'), await openAs('viewer', '/admin/devices')]) {
    await banner(page).getByText('in 1 h').waitFor();
    expect(await banner(page).textContent()).toMatch(
      /^Maintenance until \d\d:\d\d \(in 1 h\): The broker moves to a larger disk\. Messages about alerts wait until then\.$/,
    );
  }
});

test('the banner goes at the end, without a reload', async () => {
  await ask("select access.begin_maintenance('Short', 1, 'tests')");
  await ask("update access.maintenance set ends_at = clock_timestamp() + interval '6 seconds' where ends_at > now()");
  const page = await open('/sign-in');
  await banner(page).waitFor();
  await banner(page).waitFor({ state: 'detached' });
});

test('that the database takes no writes is on every page', async () => {
  const page = await openAs('viewer', '/admin/devices');
  const banner = page.getByRole('status', { name: 'Read-only' });
  expect(await banner.count()).toBe(0);
  // The other tests write at the same time: only the answer is changed. What makes it, functions/usage tries on a server.
  await page.route('**/rpc/read_only', (route) => route.fulfill({ json: true }));
  await page.reload();
  await banner.getByText('stores nothing at the moment').waitFor();
  await inspect(page, DESK_AND_PHONE, 'read-only');
});
