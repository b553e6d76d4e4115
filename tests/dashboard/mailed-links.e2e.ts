// Every link that the auth service mails, and every refusal of it, in a browser: against a service that behaves as Supabase's
// does (tests/auth/service.ts says by which source), with mail that comes over SMTP.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { type AuthFront, startAuthFront } from '../auth/front.ts';
import { codeIn, linkIn } from '../auth/mailbox.ts';
import { inspect, open as openPage, withBrowser } from './browser.ts';
import { signIn } from './demo-users.ts';

withBrowser();

let front: AuthFront;
beforeAll(async () => {
  front = await startAuthFront(inject('platform'));
});
beforeEach(() => front.auth.reset());
afterAll(() => front.stop());

/** A refusal of the auth service, or of the API where a session has ended; a browser puts each on its console. */
const REFUSED = /status of (4\d\d .*\/auth|403 .*\/rest)\/v1\//;

/** Opens a page; no request of it may carry a token in its address or say by its referrer where it came from. */
async function open(path: string): Promise<Page> {
  const page = await openPage('about:blank', { baseURL: front.url, tolerate: REFUSED, reducedMotion: 'reduce' });
  page.on('request', (request) => {
    const { referer = '' } = request.headers();
    if (/(access_token|refresh_token|token_hash)=/.test(request.url()) || referer.includes('token'))
      leaks.push(request.url());
  });
  await page.goto(path);
  return page;
}
const leaks: string[] = [];
afterEach(() => expect(leaks.splice(0)).toEqual([]));

const newAddress = () => `person-${randomBytes(4).toString('hex')}@demo.example`;
const newPassword = () => randomBytes(12).toString('base64url');
const mailedLink = async (email: string) => linkIn(await front.mailbox.take(email));
const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { name }).waitFor();
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

/** Asks the auth service itself, as a stranger may. */
const ask = (path: string, body: object) =>
  fetch(`${front.url}/auth/v1/${path}`, { method: 'POST', body: JSON.stringify(body) });

/** Somebody with an account whose address is confirmed. */
async function person(): Promise<{ email: string; password: string }> {
  const account = { email: newAddress(), password: newPassword() };
  front.auth.settings.autoconfirm = true;
  await ask('signup', account);
  front.auth.settings.autoconfirm = false;
  return account;
}

/** A session of theirs, as the auth service gives it. */
async function sessionOf(account: { email: string; password: string }) {
  return (await (await ask('token?grant_type=password', account)).json()) as Record<
    'access_token' | 'refresh_token',
    string
  >;
}

/** Whether a password signs in. */
const works = async (email: string, password: string) =>
  (await ask('token?grant_type=password', { email, password })).ok;

/** Runs `ops invite` as an operator does, and returns the link. */
async function invite(email: string, args: string[], env: Record<string, string> = {}): Promise<string> {
  const words = ['ops/main.ts', 'invite', email, '--json', '--dashboard', front.url, ...args];
  const child = spawn(process.execPath, words, {
    env: { ...process.env, ...env, DATABASE_URL: inject('platform').databaseUrl },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  if (!out) throw new Error(err);
  return JSON.parse(out).link;
}

/** Sets a password on the page of an opened link. */
async function setPassword(page: Page, password: string): Promise<void> {
  await page.getByLabel('New password').fill(password);
  await press(page, 'Set password');
}

test('the first owner: sign-ups are closed, one mail makes the account and leads to the invitation', async () => {
  front.auth.settings.disableSignup = true;
  const email = newAddress();
  const slug = `first-${randomBytes(3).toString('hex')}`;
  const options = `--tenant ${slug} --role owner --mail --supabase-url ${front.url}`.split(' ');
  const args = [...options, '--tenant-name', 'First Ltd'];
  await invite(email, args, { SUPABASE_SECRET_KEY: front.secretKey });
  const page = await open(await mailedLink(email));
  await heading(page, 'Choose a password');
  expect(page.url()).toBe(`${front.url}/link`);
  await inspect(page);
  // A reload must not lose a link that works once; nor is anybody signed in before the password is set.
  await page.reload();
  await heading(page, 'Choose a password');
  expect(await page.evaluate("localStorage.getItem('mqtt-saas.session')")).toBeNull();
  const password = newPassword();
  await setPassword(page, password);
  await heading(page, 'You are invited to First Ltd');
  await page.getByText('The platform’s operator invites you as owner').waitFor();
  await page.getByText(`You are signed in as ${email}.`).waitFor();
  await inspect(page);
  await press(page, 'Accept invitation');
  await page.getByRole('button', { name: 'Add device' }).first().waitFor();
  expect(await works(email, password)).toBe(true);
  await page.goBack();
  expect(page.url()).not.toContain('access_token');
});

test('an invited person confirms in another browser; the invitation is still there, and who took the address first is out', async () => {
  const email = newAddress();
  const thief = newPassword();
  await ask('signup', { email, password: thief });
  await front.mailbox.take(email);
  const link = await invite(email, ['--tenant', 'acme', '--role', 'viewer']);
  const here = await open(link);
  await heading(here, 'You are invited to');
  await inspect(here);
  await press(here, 'Create an account');
  const password = newPassword();
  await here.getByLabel('E-mail').fill(email);
  await here.getByLabel('Password').fill(password);
  await press(here, 'Create account');
  await here.getByText(`If ${email} had no account`).waitFor();

  const there = await open(await mailedLink(email));
  await heading(there, 'Your address is confirmed');
  expect(await works(email, thief)).toBe(true);
  await setPassword(there, password);
  await there.getByText('invites you as viewer').waitFor();
  await press(there, 'Accept invitation');
  await there.getByRole('link', { name: 'boiler-1' }).waitFor();
  expect([await works(email, thief), await works(email, password)]).toEqual([false, true]);
});

test('who is confirmed enters the password they signed up with, and goes on', async () => {
  const [email, password] = [newAddress(), newPassword()];
  await ask('signup', { email, password });
  const page = await open(await mailedLink(email));
  await heading(page, 'Your address is confirmed');
  await setPassword(page, password);
  await heading(page, 'Create your first tenant');
});

test('a forgotten password: by mail, in another browser; the old one and other devices are out', async () => {
  const { email, password } = await person();
  const other = await open('/sign-in');
  await signIn(other, email, password);
  await heading(other, 'Create your first tenant');
  const page = await open('/sign-in');
  await page.getByRole('link', { name: 'Forgotten your password?' }).click();
  await heading(page, 'Reset your password');
  await inspect(page);
  await page.getByLabel('E-mail').fill(email);
  await press(page, 'Send link');
  await page.getByText(`If ${email} has an account`).waitFor();
  const link = await mailedLink(email);
  const elsewhere = await open(link);
  await heading(elsewhere, 'Set a new password');
  await inspect(elsewhere);
  const changed = newPassword();
  await setPassword(elsewhere, changed);
  await heading(elsewhere, 'Create your first tenant');
  expect([await works(email, password), await works(email, changed)]).toEqual([false, true]);
  const session = JSON.parse(await other.evaluate("localStorage.getItem('mqtt-saas.session')"));
  expect((await ask('token?grant_type=refresh_token', { refresh_token: session.refresh_token })).ok).toBe(false);

  // Opened a second time.
  const again = await open(link);
  await heading(again, 'This link no longer works');
  await inspect(again);
  await again.getByLabel('E-mail').fill(email);
  await press(again, 'Send link');
  const newer = await open(await mailedLink(email));
  await heading(newer, 'Set a new password');
});

test('a link that is too old, and one of the wrong type', async () => {
  const { email } = await person();
  await ask('recover', { email });
  const link = await mailedLink(email);
  const wrong = await open(link.replace('type=recovery', 'type=signup'));
  await heading(wrong, 'This link no longer works');
  front.auth.settings.linkLifetime = 0;
  const old = await open(link);
  await heading(old, 'This link no longer works');
  expect(new URL(old.url()).hash).toBe('');
});

test('with mail templates of the operator’s own, a mail server that opens every link does not use it up', async () => {
  front.auth.settings.ownTemplates = true;
  const email = newAddress();
  const args = ['--tenant', 'acme', '--role', 'viewer', '--mail', '--supabase-url', front.url];
  await invite(email, args, { SUPABASE_SECRET_KEY: front.secretKey });
  const link = await mailedLink(email);
  for (const method of ['HEAD', 'GET', 'GET']) expect((await fetch(link, { method })).status).toBe(200);
  const page = await open(link);
  await heading(page, 'Use this link?');
  expect(page.url()).toBe(`${front.url}/link`);
  await press(page, 'Continue');
  await heading(page, 'Choose a password');
  // It is used up now, and a reload must not lose it.
  await page.reload();
  await heading(page, 'Choose a password');
  await setPassword(page, newPassword());
  await page.getByText('invites you as viewer').waitFor();
  const again = await open('/link');
  await heading(again, 'No link was opened');
  // The address differs in its fragment alone, so the browser loads no page.
  await again.goto(link);
  await press(again, 'Continue');
  await heading(again, 'This link no longer works');
  expect(await again.evaluate("sessionStorage.getItem('mqtt-saas.link')")).not.toContain('token_hash');
  await again.reload();
  await heading(again, 'This link no longer works');
});

test('the answer for an unknown address, and for one that has an account, is the same; no mail is promised', async () => {
  const { email } = await person();
  const link = await invite(newAddress(), ['--tenant', 'acme', '--role', 'viewer']);
  const page = await open(link);
  await press(page, 'Create an account');
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(newPassword());
  await press(page, 'Create account');
  await page.getByText('If none arrives, there is an account already: sign in, or set a new password.').waitFor();
  await page.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
  expect(front.mailbox.count(email)).toBe(0);
  const unknown = await open('/forgotten');
  await unknown.getByLabel('E-mail').fill('nobody@demo.example');
  await press(unknown, 'Send link');
  await unknown.getByText('If nobody@demo.example has an account').waitFor();
});

test('a second mail too soon, closed sign-ups, a weak password, an address without a mail server, a blocked account', async () => {
  const { email, password } = await person();
  const forgotten = await open('/forgotten');
  front.auth.settings.maxFrequency = 60;
  await ask('recover', { email });
  await forgotten.getByLabel('E-mail').fill(email);
  await press(forgotten, 'Send link');
  await forgotten.getByText(`If ${email} has an account`).waitFor();
  await forgotten.reload();
  await forgotten.getByLabel('E-mail').fill(email);
  front.auth.settings.authorizedAddresses = ['operator@demo.example'];
  front.auth.settings.maxFrequency = 0;
  await press(forgotten, 'Send link');
  await forgotten.getByText('its operator has to set up a mail server first').waitFor();
  front.auth.reset();

  const invited = await open(await invite(newAddress(), ['--tenant', 'acme', '--role', 'viewer']));
  await press(invited, 'Create an account');
  await invited.getByLabel('E-mail').fill(newAddress());
  await invited.getByLabel('Password').fill(newPassword());
  front.auth.settings.minimumLength = 40;
  await press(invited, 'Create account');
  await invited.getByText('This password is too weak. Password should be at least 40 characters.').waitFor();
  front.auth.settings.disableSignup = true;
  await press(invited, 'Create account');
  await invited.getByText('New accounts are switched off here.').waitFor();
  front.auth.reset();

  await ask('recover', { email });
  const link = await mailedLink(email);
  await front.auth.ban(email);
  const page = await open(link);
  await heading(page, 'This account is blocked');
  await page.goto('/sign-in');
  await signIn(page, email, password);
  await page.getByText('This account is blocked. Ask the platform’s operator.').waitFor();
});

test('changing the password of an old sign-in takes a code from the mail', async () => {
  const { email, password } = await person();
  const page = await open('/sign-in?next=%2Faccount');
  await signIn(page, email, password);
  await heading(page, 'Your account');
  await press(page, 'Change password');
  await inspect(page);
  front.auth.settings.secureChange = true;
  front.auth.ageSessions(email, 25);
  const changed = newPassword();
  await setPassword(page, changed);
  const code = codeIn(await front.mailbox.take(email));
  await page.getByLabel('Code').fill(code === '111111' ? '222222' : '111111');
  await press(page, 'Set password');
  await page.getByText('The code is wrong or has expired.').waitFor();
  await inspect(page);
  // Who comes back with the code in hand has a place to enter it, though no other is sent so soon.
  front.auth.settings.maxFrequency = 60;
  await page.reload();
  await press(page, 'Change password');
  await setPassword(page, changed);
  await page.getByText('An e-mail was sent a moment ago').waitFor();
  await page.getByLabel('Code').fill(code);
  await press(page, 'Set password');
  await page.getByText('Your password has been changed.').waitFor();
  expect([await works(email, password), await works(email, changed)]).toEqual([false, true]);
});

test('a changed e-mail address takes two links', async () => {
  const account = await person();
  const { email } = account;
  const { access_token } = await sessionOf(account);
  const address = newAddress();
  await fetch(`${front.url}/auth/v1/user`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${access_token}` },
    body: JSON.stringify({ email: address }),
  });
  const first = await open(await mailedLink(email));
  await heading(first, 'One more link');
  await inspect(first);
  const page = await open('/sign-in');
  await signIn(page, email, account.password);
  await heading(page, 'Create your first tenant');
  const link = await mailedLink(address);
  await page.goto(link);
  await heading(page, 'Your address has been changed');
  await page.getByText(`You sign in as ${address} from now on.`).waitFor();
  await press(page, 'Continue');
  await page.getByText(`${address} does not belong to a tenant yet`).waitFor();
});

test('a link with somebody else’s session signs nobody in as them, whatever kind it says it is', async () => {
  const [mallory, ann] = [await person(), await person()];
  for (const type of ['email_change', 'toString', '__proto__']) {
    const { access_token, refresh_token } = await sessionOf(mallory);
    const fragment = new URLSearchParams({ access_token, refresh_token, type });
    const stranger = await open(`/#${fragment}`);
    if (type === 'email_change') {
      await heading(stranger, 'Your address has been changed');
      await stranger.getByRole('link', { name: 'Sign in' }).click();
      await heading(stranger, 'Sign in');
      expect(await stranger.evaluate("sessionStorage.getItem('mqtt-saas.link')")).toBeNull();
    } else await heading(stranger, 'Set a new password');
    expect(await stranger.evaluate("localStorage.getItem('mqtt-saas.session')")).toBeNull();
  }
  const page = await open('/sign-in');
  await signIn(page, ann.email, ann.password);
  await heading(page, 'Create your first tenant');
  const { access_token, refresh_token } = await sessionOf(mallory);
  await page.goto(`/#${new URLSearchParams({ access_token, refresh_token, type: 'email_change' })}`);
  await heading(page, 'Your address has been changed');
  await page.getByRole('link', { name: 'Sign in' }).click();
  await page.getByText(`${ann.email} does not belong to a tenant yet`).waitFor();
});

test('a link of somebody else’s making leads nowhere else, and signs nobody in by itself', async () => {
  const account = await person();
  const session = await sessionOf(account);
  const fragment = new URLSearchParams({
    access_token: session.access_token,
    refresh_token: session.refresh_token,
    type: 'recovery',
  });
  const page = await open(`/sign-in?next=//evil.example#${fragment}`);
  await heading(page, 'Set a new password');
  await page.getByText(`For ${account.email}.`).waitFor();
  await page.goto('/admin/devices');
  await page.waitForURL(/\/sign-in/);
  // A browser drops the tab of an address.
  const lured = await open('/sign-in?next=/%09/evil.example/phish');
  await signIn(lured, account.email, account.password);
  await heading(lured, 'Create your first tenant');
  expect(new URL(lured.url()).origin).toBe(front.url);
  // What an address says is never shown: only what the code means.
  await page.goto('/#error=access_denied&error_code=none&error_description=Call+0800+for+help');
  await heading(page, 'This link did not work');
  expect(await page.getByText('0800').count()).toBe(0);
  await page.goto('/#error=access_denied&error_code=__proto__');
  await heading(page, 'This link did not work');
});
