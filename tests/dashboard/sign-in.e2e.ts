// Signing in and out, each role.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { dataRoot } from '../../lab/unprivileged.ts';
import { open, openAs, withBrowser } from './browser.ts';
import { emailOf, signIn } from './demo-users.ts';

withBrowser();

test.each(['owner', 'staff', 'viewer'] as const)('%s signs in and sees the devices', async (person) => {
  const page = await openAs(person, '/admin/devices');
  await page.getByRole('link', { name: 'boiler-1' }).waitFor();
  await page.getByText(emailOf(person)).waitFor();
  expect(await page.getByText('greenhouse').count()).toBe(0);
});

test('a visitor who is not signed in gets the form, and after it the page that was asked for', async () => {
  const page = await open('/admin/devices?x=1');
  await page.waitForURL(/\/sign-in\?next=%2Fadmin%2Fdevices%3Fx%3D1$/);
  await signIn(page, emailOf('viewer'), inject('platform').people[emailOf('viewer')]!);
  await page.waitForURL((url) => url.pathname + url.search === '/admin/devices?x=1');
  await page.getByRole('link', { name: 'boiler-1' }).waitFor();
});

test('a wrong password is refused with a sentence', async () => {
  const page = await open('/sign-in', { tolerate: /status of 400/ });
  await signIn(page, emailOf('owner'), 'not the password');
  await page.getByText('E-mail and password do not match an account.').waitFor();
});

test('a forgotten password here: the mail is in the front door’s log, and the page says so', async () => {
  const { url, name, publishableKey } = inject('platform');
  const email = `forgetful-${randomBytes(4).toString('hex')}@demo.example`;
  const sent = { method: 'POST', headers: { apikey: publishableKey, 'content-type': 'application/json' } };
  await fetch(`${url}/auth/v1/signup`, { ...sent, body: JSON.stringify({ email, password: 'forgotten at once' }) });
  const page = await open('/sign-in');
  await page.getByRole('link', { name: 'Forgotten your password?' }).click();
  await page.getByRole('heading', { name: 'Reset your password' }).waitFor();
  await page.getByLabel('E-mail').fill(email);
  await page.getByRole('button', { name: 'Send link' }).click();
  await page
    .getByText('This platform sends no mail: its operator finds the link in front-door.log or with “compose logs api”.')
    .waitFor();
  const log = readFileSync(join(dataRoot(), name, 'front-door.log'), 'utf8');
  const links = log.match(/https?:\/\/\S+\/verify\?\S*type=recovery\S*/g) ?? [];
  await page.goto(
    links
      .at(-1)!
      .replaceAll('&amp;', '&')
      .replace(/["<>].*$/, ''),
  );
  await page.getByLabel('New password').fill('remembered from now on');
  await page.getByRole('button', { name: 'Set password' }).click();
  await page.getByText(`${email} does not belong to a tenant yet`).waitFor();
});

test('signing out forgets the session', async () => {
  const page = await openAs('viewer', '/admin/devices');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(/\/sign-in/);
  await page.goto('/admin/devices');
  await page.waitForURL(/\/sign-in/);
});
