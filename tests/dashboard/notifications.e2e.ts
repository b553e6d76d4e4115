// Notifications: channels with their secrets, routes, what was told of an alert, and the answer of a mail's reader.
import type { Page } from 'playwright-core';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { withConnection } from '../../provisioning/database/connect.ts';
import { DESK_AND_PHONE, inspect, open, openAs, withBrowser } from './browser.ts';
import { type Receivers, startReceivers } from './receivers.ts';

withBrowser();

let receivers: Receivers;
beforeAll(async () => {
  receivers = await startReceivers(inject('platform').receiving);
});
afterAll(() => receivers?.stop());
afterEach(async () => {
  receivers.answer = 204;
  receivers.requests.length = 0;
  await ask('delete from public.notification_channels; delete from public.alert_rules');
});

const ask = (sql: string) => withConnection(inject('platform').databaseUrl, (client) => client.query(sql));

/** Opens the form for a new channel. */
async function formFor(page: Page, kind: 'E-mail' | 'Webhook' | 'Chat gateway', name: string) {
  await page.getByRole('button', { name: 'Add channel' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(kind, { exact: true }).click();
  await dialog.getByLabel('Name').fill(name);
  return dialog;
}

async function addWebhook(page: Page, path = '/hook?token=t0p'): Promise<string> {
  const form = await formFor(page, 'Webhook', 'Night shift');
  await form.getByLabel('URL').fill(receivers.url + path);
  await form.getByRole('button', { name: 'Add channel' }).click();
  const shown = page.getByRole('dialog', { name: 'The secret of Night shift' });
  const secret = (await shown.locator('pre').textContent())!;
  await shown.getByRole('button', { name: 'I have stored the secret' }).click();
  return secret;
}

test('a webhook is added, tested and told of an alert, which shows it', async () => {
  const page = await openAs('staff', '/admin/notifications');
  await page.getByText('No channels yet').waitFor();
  const secret = await addWebhook(page);
  const channel = page.getByRole('table', { name: 'Channels' }).getByRole('row').filter({ hasText: 'Night shift' });
  await channel.getByText('Ready').waitFor();
  // The database has neither the secret nor the URL's token.
  const { rows } = await ask('select c::text, s::text from public.notification_channels c, ingest.channel_states s');
  expect(JSON.stringify(rows)).not.toContain(secret.slice(8));
  expect(JSON.stringify(rows)).not.toContain('t0p');

  await channel.getByRole('button', { name: 'Send a test to Night shift' }).click();
  await page
    .getByRole('dialog')
    .getByText(/^The message was sent to localhost:\d+, which took it\.$/)
    .waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
  const [first] = receivers.requests;
  expect(first!.path).toBe('/hook?token=t0p');
  new Webhook(secret).verify(first!.body, first!.headers as Record<string, string>);

  await ask("update public.devices set tags = '{heating}' where slug = 'boiler-1'");
  await page.getByRole('button', { name: 'Add route' }).click();
  await page.getByRole('dialog').getByLabel('info').check();
  await page.getByRole('dialog').getByLabel('Of devices with a tag').fill('Heating, no!');
  await page.getByRole('dialog').getByRole('button', { name: 'Add route' }).click();
  await page.getByText('“no!” is not a tag').waitFor();
  await page.getByRole('dialog').getByLabel('Of devices with a tag').fill('Heating');
  await page.getByRole('dialog').getByLabel('Quiet from').fill('03:00');
  await page.getByRole('dialog').getByRole('button', { name: 'Add route' }).click();
  await page.getByText('Quiet hours: give both times, or neither.').waitFor();
  await page.getByRole('dialog').getByLabel('Quiet from').fill('');
  await page.getByRole('dialog').getByRole('button', { name: 'Add route' }).click();
  await page
    .getByRole('row')
    .filter({ hasText: 'All alerts of devices tagged heating to Night shift' })
    .getByText('At once')
    .waitFor();

  await ask(`insert into public.alert_rules (tenant_id, name, kind, field, comparison, threshold, window_minutes, device_id)
    select t.id, 'Too warm', 'threshold', 'temperature', 'above', -50, 5, d.id
    from public.tenants as t join public.devices as d on d.tenant_id = t.id and d.slug = 'boiler-1' where t.slug = 'acme'`);
  await expect.poll(() => receivers.requests.length, { timeout: 30_000 }).toBe(2);
  const told = receivers.requests[1]!;
  expect(new Webhook(secret).verify(told.body, told.headers as Record<string, string>)).toMatchObject({
    type: 'alert.opened',
    data: { rule: 'Too warm' },
  });
  await page.getByRole('row').filter({ hasText: 'Too warm on' }).getByText('Sent').waitFor();
  await inspect(page, DESK_AND_PHONE);

  await page.getByRole('link', { name: /^Alerts/ }).click();
  await page.getByRole('button', { name: '1 sent: show what was told of Too warm' }).click();
  const dialog = page.getByRole('dialog', { name: 'Told of Too warm' });
  await dialog
    .getByRole('row')
    .filter({ hasText: 'Opened' })
    .filter({ hasText: 'Night shift' })
    .getByText('1 attempt')
    .waitFor();
  await inspect(page, DESK_AND_PHONE);
});

test('a receiver that fails is seen, with why, until the channel is switched off', async () => {
  receivers.answer = 500;
  const page = await openAs('owner', '/admin/notifications');
  await addWebhook(page);
  await page.getByRole('button', { name: 'Send a test to Night shift' }).click();
  await page.getByRole('dialog').getByText('The attempt failed:').waitFor();
  await page.keyboard.press('Escape');
  const message = page.getByRole('table', { name: 'Messages' }).getByRole('row').filter({ hasText: 'A test message' });
  await message.getByText('Tried again').waitFor();
  await page.getByRole('switch', { name: 'Night shift enabled' }).click();
  await message.getByText('Cancelled').waitFor();
  await page.getByRole('button', { name: 'Delete Night shift' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete channel' }).click();
  await page.getByText('No channels yet').waitFor();
});

test('a chat gateway gets its template, key and group', async () => {
  const page = await openAs('staff', '/admin/notifications');
  const form = await formFor(page, 'Chat gateway', 'Ops chat');
  await form.getByLabel('API key').fill('k-123');
  await form.getByLabel('Sent in the header').selectOption('apikey');
  await form.getByLabel('Group or number').fill('4912345@g');
  await form.getByLabel('Body, as JSON').fill('{"to": "{{group}}"}');
  await form.getByRole('button', { name: 'Add channel' }).click();
  await form.getByText('This is not a URL.').waitFor();
  await form.getByText('Put {{text}} where the gateway expects the message.').waitFor();
  await form.getByLabel('URL').fill(`${receivers.url}/send`);
  await form.getByLabel('Body, as JSON').fill('{"to": "{{group}}", "message": {"text": "{{text}}"}}');
  await inspect(page, DESK_AND_PHONE);
  await form.getByRole('button', { name: 'Add channel' }).click();
  await page.getByRole('button', { name: 'Send a test to Ops chat' }).click();
  await page
    .getByRole('dialog')
    .getByText(/which took it/)
    .waitFor();
  const [request] = receivers.requests;
  expect(request!.headers.apikey).toBe('k-123');
  expect(JSON.parse(request!.body)).toMatchObject({
    to: '4912345@g',
    message: { text: expect.stringContaining('est') },
  });
  await page.keyboard.press('Escape');
  // Its secrets are not shown again, and stay when something else is changed.
  await page.getByRole('button', { name: 'Edit Ops chat' }).click();
  expect(await page.getByLabel('API key').inputValue()).toBe('');
  await page.getByLabel('Name').fill('Ops group');
  await page.getByRole('button', { name: 'Save channel' }).click();
  await page.getByRole('button', { name: 'Send a test to Ops group' }).click();
  await page
    .getByRole('dialog')
    .getByText(/which took it/)
    .waitFor();
  expect(receivers.requests[1]!.headers.apikey).toBe('k-123');
});

test('a mail address is confirmed by its reader, who can end it again', async () => {
  const page = await openAs('staff', '/admin/notifications');
  const form = await formFor(page, 'E-mail', 'On call');
  await form.getByLabel('Address').fill('on-call@acme.example');
  await form.getByRole('button', { name: 'Add channel' }).click();
  await page.getByText('Waits for confirmation').waitFor();
  await expect.poll(() => receivers.mailbox.received.length, { timeout: 30_000 }).toBe(1);
  const [link] = /http:\/\/localhost:\d+\/notifications\/\S+/.exec(receivers.mailbox.received[0]!.text)!;
  const reader = await open(link);
  await inspect(reader, DESK_AND_PHONE);
  await reader.getByRole('button', { name: 'Confirm this address' }).click();
  await reader.getByRole('heading', { name: 'Your address is confirmed' }).waitFor();
  await page.getByText('Ready').waitFor();
  const again = await open(link);
  await again.getByRole('button', { name: 'I want no mails' }).click();
  await again.getByRole('heading', { name: 'No more mails' }).waitFor();
  await page.getByText('Refused by its reader').waitFor();
  const wrong = await open('/notifications#token=wrong');
  await wrong.getByRole('button', { name: 'Confirm this address' }).click();
  await wrong.getByRole('heading', { name: 'This link is not valid' }).waitFor();
});

test('a viewer sees all of it, and is offered no change', async () => {
  const staff = await openAs('staff', '/admin/notifications');
  await addWebhook(staff);
  const page = await openAs('viewer', '/admin/notifications');
  await page.getByRole('table', { name: 'Channels' }).getByText('Ready').waitFor();
  await page.getByText('No routes yet').waitFor();
  expect(await page.locator('main').getByRole('button').count()).toBe(0);
  expect(await page.locator('main').getByRole('switch').count()).toBe(0);
});
