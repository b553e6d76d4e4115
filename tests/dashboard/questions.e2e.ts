// Questions to a language model: off until an owner switches them on, answered as text with its facts and cost, for owners and staff.
import type { Page } from 'playwright-core';
import { beforeEach, expect, inject, test } from 'vitest';
import { withConnection } from '../../provisioning/database/connect.ts';
import { DESK_AND_PHONE, inspect, openAs, withBrowser } from './browser.ts';
import { HOSTILE_ANSWER } from './platform.ts';

withBrowser();

const CHANGED = /^What changed this week\?/;
const sql = (text: string) => withConnection(inject('platform').databaseUrl, (client) => client.query(text));
const switchTo = (isOn: boolean) =>
  sql(`insert into public.question_settings select id, ${isOn} from public.tenants
    on conflict (tenant_id) do update set is_on = excluded.is_on`);
beforeEach(async () => {
  await sql(
    'delete from public.question_settings; delete from ingest.question_answers; delete from ingest.question_calls',
  );
});

const dialog = (page: Page) => page.getByRole('dialog');

test('an owner learns that they are off, switches them on, asks, and sees text, facts and cost', async () => {
  const page = await openAs('owner', '/admin/devices');
  await page.getByRole('button', { name: CHANGED }).click();
  await dialog(page).getByText('Questions are off for this tenant').waitFor();
  await inspect(page, DESK_AND_PHONE, 'questions-off');
  await dialog(page).getByRole('link', { name: 'settings' }).click();
  const section = page.getByRole('region', { name: 'Questions' });
  await section.getByText('Off: nothing of this tenant is sent.').waitFor();
  await section.getByRole('switch').click();
  await dialog(page).getByText('outside this platform').waitFor();
  await dialog(page).getByRole('button', { name: 'Switch on' }).click();
  await section.getByText('On: facts of this tenant are sent').waitFor();

  await page.getByRole('link', { name: 'Devices' }).click();
  await page.getByRole('button', { name: CHANGED }).click();
  // What looks like a tag or a link is text.
  await dialog(page).getByText(HOSTILE_ANSWER, { exact: true }).waitFor();
  expect(await dialog(page).locator('img, script, a').count()).toBe(0);
  expect(await page.title()).not.toBe('taken');
  await dialog(page)
    .getByText(/It cost 0\.\d+ USD \(\d+ tokens\)/)
    .waitFor();
  await dialog(page).getByText('The facts: all that the model was given').click();
  await dialog(page).getByText('"question": "tenant"').waitFor();
  await inspect(page, DESK_AND_PHONE, 'questions-answer');
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({ state: 'detached' });

  await page.getByRole('button', { name: CHANGED }).click();
  await dialog(page).getByText('it cost nothing now').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('link', { name: 'Settings' }).click();
  await section.getByText('1 from the model, 1 from earlier answers').waitFor();
  await inspect(page, DESK_AND_PHONE, 'questions-settings');
  await section.getByRole('switch').click();
  await section.getByText('Off: nothing of this tenant is sent.').waitFor();
  await page.getByRole('link', { name: 'Audit' }).click();
  await page.getByText('Question sent').first().waitFor();
  await page.getByText('Question settings changed').first().waitFor();
});

test('staff ask about a device and an alert by keyboard, in the settings they only look', async () => {
  await sql(`
    insert into public.alert_rules (tenant_id, name, kind, field, comparison, threshold)
      select id, 'Too hot', 'threshold', 'temperature', 'above', 1e9 from public.tenants where slug = 'acme';
    insert into public.alerts (tenant_id, rule_id, device_id, opened_at, last_seen_at, resolved_at, message)
      select r.tenant_id, r.id, d.id, now() - interval '2 hours', now() - interval '2 hours', now() - interval '1 hour', 'temperature was 31'
      from public.alert_rules as r join public.devices as d using (tenant_id) where r.name = 'Too hot' and d.slug = 'boiler-1'`);
  try {
    await switchTo(false);
    const page = await openAs('staff', '/admin/alerts');
    await page.getByRole('tab', { name: 'History' }).click();
    await page.getByRole('button', { name: 'Why? Too hot' }).focus();
    await page.keyboard.press('Enter');
    await dialog(page).getByText('An owner can switch them on').waitFor();
    await page.keyboard.press('Escape');
    await switchTo(true);
    await page.reload();
    await page.getByRole('tab', { name: 'History' }).click();
    await page.getByRole('button', { name: 'Why? Too hot' }).focus();
    await page.keyboard.press('Enter');
    await dialog(page).getByText('It was hot.').waitFor();
    await dialog(page).getByText('The facts: all that the model was given').click();
    await dialog(page).getByText('"message": "temperature was 31"').waitFor();
    await page.keyboard.press('Escape');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Why?');
    await inspect(page, DESK_AND_PHONE, 'questions-alerts');

    await page.getByRole('link', { name: 'Devices' }).click();
    await page.getByRole('link', { name: 'boiler-1' }).click();
    await page.getByRole('button', { name: CHANGED }).click();
    await dialog(page).getByText('"question": "device"').waitFor({ state: 'attached' });
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: 'Settings' }).click();
    const section = page.getByRole('region', { name: 'Questions' });
    await section.getByText('Questions are on.').waitFor();
    expect(await section.getByRole('switch').count()).toBe(0);
  } finally {
    await sql("delete from public.alert_rules where name = 'Too hot'");
  }
});

test('a viewer is offered nothing, and refused by hand', async () => {
  await switchTo(true);
  const page = await openAs('viewer', '/admin/devices');
  await page.getByRole('link', { name: 'boiler-1' }).click();
  await page.getByRole('heading', { name: 'Last readings' }).waitFor();
  expect(await page.getByRole('button', { name: CHANGED }).count()).toBe(0);
  const session = JSON.parse((await page.evaluate("localStorage.getItem('mqtt-saas.session')")) as string);
  const { rows } = await sql("select id from public.tenants where slug = 'acme'");
  const ask = (token: string, headers: Record<string, string> = {}) =>
    fetch(`${inject('platform').url}/api/questions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, ...headers },
      body: JSON.stringify({ kind: 'tenant', id: rows[0].id, language: 'en' }),
    });
  expect((await ask(session.access_token)).status).toBe(403);
  // No other site's page gets through to it.
  const foreign = await ask('x'.repeat(30), { origin: 'https://evil.example' });
  expect([foreign.status, foreign.headers.get('access-control-allow-origin')]).toEqual([401, null]);
  expect((await fetch(`${inject('platform').url}/api/questions`, { method: 'OPTIONS' })).status).toBe(405);
});

test.each([
  [
    429,
    { error: 'Enough for today.', hint: 'Wait.', until: '2026-12-01T00:00:00Z' },
    /Enough for today\. Wait\. Again from .* 2026/,
  ],
  [502, { error: 'The provider is busy.' }, /The provider is busy\./],
  [503, undefined, /Questions do not work at the moment\./],
])('%s is told in words, and can be asked again', async (status, body, words) => {
  await switchTo(true);
  const page = await openAs('owner', '/admin/devices', { tolerate: /status of (429|502|503)/ });
  await page.route('**/api/questions', (route) =>
    route.fulfill({ status, contentType: 'application/json', body: body ? JSON.stringify(body) : '<html>' }),
  );
  await page.getByRole('button', { name: CHANGED }).click();
  await dialog(page).getByText(words).waitFor();
  await page.unroute('**/api/questions');
  await dialog(page).getByRole('button', { name: 'Ask again' }).click();
  await dialog(page).getByText('It was hot.').waitFor();
});
