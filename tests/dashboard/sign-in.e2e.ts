// Signing in and out, each role.
import { expect, inject, test } from 'vitest';
import { open, openAs, withBrowser } from './browser.ts';
import { emailOf, signIn } from './people.ts';

withBrowser();

test.each(['owner', 'staff', 'viewer'] as const)('%s signs in and sees the devices', async (person) => {
  const page = await openAs(person, '/admin/devices');
  await page.getByRole('link', { name: 'boiler-1' }).waitFor();
  await page.getByText(emailOf(person)).waitFor();
  expect(await page.getByText('greenhouse').count()).toBe(0);
});

test('whoever is not signed in is led to the form, and from there to where he wanted to go', async () => {
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

test('signing out forgets the session', async () => {
  const page = await openAs('viewer', '/admin/devices');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(/\/sign-in/);
  await page.goto('/admin/devices');
  await page.waitForURL(/\/sign-in/);
});
