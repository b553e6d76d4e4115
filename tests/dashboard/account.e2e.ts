// The own account in a browser, against a service that behaves as Supabase's does (tests/auth): second factor, address, other devices;
// and what the database says of a session that lacks the second factor or has ended.
import { randomBytes } from 'node:crypto';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { type AuthFront, startAuthFront } from '../auth/front.ts';
import { linkIn } from '../auth/mailbox.ts';
import { totp } from '../auth/totp.ts';
import { inspect, open as openPage, withBrowser } from './browser.ts';
import { signIn } from './demo-users.ts';

withBrowser();

let front: AuthFront;
beforeAll(async () => {
  front = await startAuthFront(inject('platform'));
});
beforeEach(() => front.auth.reset());
afterAll(() => front.stop());

/** A refusal that the test wants, which a browser puts on its console. */
const REFUSED = /status of 4\d\d .*\/(auth|rest)\/v1\//;
const open = (path: string) => openPage(path, { baseURL: front.url, tolerate: REFUSED, reducedMotion: 'reduce' });
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true }).waitFor();
const newPassword = () => randomBytes(12).toString('base64url');

/** Somebody with an account whose address is confirmed. */
async function person(): Promise<{ email: string; password: string }> {
  const account = { email: `person-${randomBytes(4).toString('hex')}@demo.example`, password: newPassword() };
  front.auth.settings.autoconfirm = true;
  await fetch(`${front.url}/auth/v1/signup`, { method: 'POST', body: JSON.stringify(account) });
  front.auth.settings.autoconfirm = false;
  return account;
}

/** Signs in in a browser of its own. */
async function signedIn({ email, password }: { email: string; password: string }, path = '/account'): Promise<Page> {
  const page = await open(`/sign-in?next=${encodeURIComponent(path)}`);
  await signIn(page, email, password);
  return page;
}

/** Sets one up, and returns its secret. */
async function enrol(page: Page): Promise<string> {
  await press(page, 'Set up an authenticator app');
  await page.getByRole('img', { name: 'QR code for your authenticator app' }).waitFor();
  const secret = (await page.locator('pre').textContent()) as string;
  await page.getByLabel('Code', { exact: true }).fill(totp(secret));
  await press(page, 'Confirm');
  await page.getByText('The second factor is set up.').waitFor();
  return secret;
}

/** What the API says to the session that a browser keeps. */
const asked = (page: Page) =>
  page.evaluate(async (key) => {
    const { access_token } = JSON.parse(localStorage.getItem('mqtt-saas.session') as string);
    const headers = { apikey: key, authorization: `Bearer ${access_token}` };
    const answer = await fetch('/rest/v1/devices?select=id', { headers });
    return answer.ok ? 'answered' : ((await answer.json()) as { message: string }).message;
  }, inject('platform').publishableKey);

test('a second factor: set up, asked for at sign-in and by the database, and removed', async () => {
  const account = await person();
  const page = await signedIn(account);
  const elsewhere = await signedIn(account);
  await heading(elsewhere, 'Second factor');
  await press(page, 'Set up an authenticator app');
  await page.getByLabel('Code', { exact: true }).fill('000000');
  await press(page, 'Confirm');
  await page.getByText('The code is wrong.').waitFor();
  await inspect(page);
  await press(page, 'Cancel');
  const secret = await enrol(page);
  await inspect(page);
  expect(await asked(page)).toBe('answered');
  // The auth service has ended the session without a code; its access token has most of an hour left.
  expect(await asked(elsewhere)).toBe('this session has ended');

  const again = await signedIn(account, '/admin/devices');
  await heading(again, 'Enter your code');
  await inspect(again);
  expect(await asked(again)).toMatch('opened without it');
  // No page lets a half session through, nor does a reload.
  await again.goto('/admin/users');
  await heading(again, 'Enter your code');
  await again.getByLabel('Code', { exact: true }).fill(totp(secret));
  await press(again, 'Continue');
  await again.getByText(`${account.email} does not belong to a tenant yet`).waitFor();
  expect(await asked(again)).toBe('answered');

  await again.goto('/account');
  await again.getByRole('button', { name: /^Remove Authenticator, / }).click();
  await press(again, 'Remove second factor');
  await again.getByRole('button', { name: 'Set up an authenticator app' }).waitFor();
  const last = await signedIn(account);
  await heading(last, 'Your account');
});

test('a forgotten password: the link asks for the second factor as well', async () => {
  const account = await person();
  await enrol(await signedIn(account));
  const page = await open('/forgotten');
  await page.getByLabel('E-mail').fill(account.email);
  await press(page, 'Send link');
  await page.goto(linkIn(await front.mailbox.take(account.email)));
  await heading(page, 'Enter your code');
  expect(await page.getByLabel('New password').count()).toBe(0);
});

test('another address: both are mailed, and it changes when both links were opened', async () => {
  const account = await person();
  const next = `new-${account.email}`;
  const page = await signedIn(account);
  await press(page, 'Change address');
  await page.getByLabel('New e-mail address').fill(next);
  await press(page, 'Send both links');
  await page.getByText(`Until then you sign in as ${account.email}.`).waitFor();
  await inspect(page);
  await page.goto(linkIn(await front.mailbox.take(next)));
  await heading(page, 'One more link');
  await page.goto(linkIn(await front.mailbox.take(account.email)));
  await heading(page, 'Your address has been changed');
  await press(page, 'Continue');
  await page.getByText(`${next} does not belong to a tenant yet`).waitFor();
});

test('signed out everywhere else: a page that is open there is refused at once', async () => {
  const account = await person();
  const elsewhere = await signedIn(account);
  await heading(elsewhere, 'Your account');
  const page = await signedIn(account);
  await press(page, 'Sign out everywhere else');
  await press(page, 'Sign out the others');
  await page.getByText('You are signed out everywhere else.').waitFor();
  expect(await asked(elsewhere)).toBe('this session has ended');
  expect(await asked(page)).toBe('answered');
});

test('a visitor without a session is asked to sign in', async () => {
  const page = await open('/account');
  await page.waitForURL(/\/sign-in\?next=%2Faccount$/);
});
