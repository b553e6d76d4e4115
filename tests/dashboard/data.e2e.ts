// Ways out for a tenant's data, as each role: a chart's CSV file, API tokens, the programs, the Grafana dashboard.
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { expect, inject, test } from 'vitest';
import { withConnection } from '../../provisioning/database/connect.ts';
import { inspect, openAs, withBrowser } from './browser.ts';

withBrowser();

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

/** What a button downloads. */
async function downloaded(page: Page, name: string): Promise<{ name: string; text: string }> {
  const [file] = await Promise.all([page.waitForEvent('download'), press(page, name)]);
  return { name: file.suggestedFilename(), text: readFileSync(await file.path(), 'utf8') };
}

/** What the API says to a token. */
async function asked(token: string, name = 'read_devices') {
  const { url, publishableKey } = inject('platform');
  const answer = await fetch(`${url}/rest/v1/rpc/${name}`, {
    method: 'POST',
    headers: { apikey: publishableKey, 'x-api-token': token, 'content-type': 'application/json' },
    body: '{}',
  });
  return { status: answer.status, text: await answer.text() };
}

test('a viewer downloads what the chart shows: the range and field on screen, each value as the database has it', async () => {
  const page = await openAs('viewer', '/admin/devices', { viewport: { width: 1280, height: 800 } });
  await page.getByRole('link', { name: 'boiler-1' }).click();
  await page.locator('label').filter({ hasText: 'temperature' }).click();
  await page.locator('label').filter({ hasText: '1 h' }).click();
  await page.getByRole('img', { name: /^temperature, the last hour: between/ }).waitFor();
  const { name, text } = await downloaded(page, 'Download CSV');
  await page.getByText(/readings are in boiler-1-temperature-/).waitFor();
  expect(name).toMatch(/^boiler-1-temperature-\d{4}-\d\d-\d\dT\d{4}Z\.csv$/);
  const [head, ...lines] = text.trimEnd().split('\r\n');
  expect(head).toBe('time,device,temperature');
  expect(lines.length).toBeGreaterThan(0);
  const times = lines.map((line) => line.split(',')[0]!);
  expect(Date.now() - Date.parse(times[0]!)).toBeLessThan(3_700_000);
  const { rows } = await withConnection(inject('platform').databaseUrl, (client) =>
    client.query(
      `select t.payload ->> 'temperature' as value from public.telemetry as t join public.devices as d on d.id = t.device_id
       join public.tenants as n on n.id = t.tenant_id
       where n.slug = 'acme' and d.slug = 'boiler-1' and t.ts >= $1 and t.ts <= $2 and t.payload ? 'temperature' order by t.ts`,
      [times[0], times.at(-1)],
    ),
  );
  expect(lines.map((line) => line.split(',')[2])).toEqual(rows.map(({ value }) => value));
});

test('an owner makes a token, which is shown once, reads, and ends when it is revoked', async () => {
  const page = await openAs('owner', '/admin/data', { reducedMotion: 'reduce' });
  await press(page, 'New token');
  await page.getByLabel('Name').fill('Nightly report');
  await page.getByLabel('Readings').uncheck();
  await inspect(page);
  await press(page, 'Make token');
  const token = (await page.getByRole('dialog').locator('pre').textContent()) as string;
  expect(token).toMatch(/^mst_[0-9a-f]{64}$/);
  await press(page, 'Done');
  const row = page.getByRole('row').filter({ hasText: 'Nightly report' });
  await row.getByText('never').waitFor();
  expect(await page.content()).not.toContain(token);
  const answer = await asked(token);
  expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('boiler-1')]);
  expect(answer.text).not.toContain('greenhouse');
  expect((await asked(token, 'read_readings')).status).toBeGreaterThanOrEqual(400);
  await page.reload();
  await row.waitFor();
  expect(await row.getByText('never').count()).toBe(0);
  await inspect(page);
  await press(page, 'Revoke Nightly report');
  await press(page, 'Revoke token');
  await page.getByText('Nightly report is revoked.').waitFor();
  expect(await asked(token)).toMatchObject({ text: expect.stringContaining('not valid') });
  await page.goto('/admin/audit');
  await page.getByRole('row').filter({ hasText: 'Nightly report' }).first().waitFor();
});

test.each(['staff', 'viewer'] as const)(
  '%s is told who makes tokens, and gets programs and dashboard',
  async (person) => {
    const page = await openAs(person, '/admin/data', { reducedMotion: 'reduce' });
    await page.getByText('Owners make and revoke tokens here').waitFor();
    expect(await page.getByRole('button', { name: 'New token' }).count()).toBe(0);
    for (const language of ['Python', 'Node.js', 'curl']) {
      await page.locator('label').filter({ hasText: language }).click();
      await page
        .locator('pre')
        .filter({ hasText: inject('platform').url })
        .waitFor();
    }
    const { name, text } = await downloaded(page, 'Download dashboard');
    expect([name, JSON.parse(text).title]).toEqual(['mqtt-saas-dashboard.json', 'mqtt-saas devices']);
  },
);
