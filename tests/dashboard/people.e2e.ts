// Members of a tenant: invited, accepted in another browser, given another role, removed.
import { randomBytes } from 'node:crypto';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { open, openAs, withBrowser } from './browser.ts';

withBrowser();

/** The link that the dialog shows once. */
async function invite(owner: Page, email: string, role: string): Promise<string> {
  await owner.getByRole('button', { name: 'Invite' }).click();
  const dialog = owner.getByRole('dialog');
  await dialog.getByLabel('E-mail').fill(email);
  await dialog.getByLabel('Role').selectOption(role);
  await dialog.getByRole('button', { name: 'Create link' }).click();
  const link = await dialog.locator('pre').filter({ hasText: '/invite?token=' }).textContent();
  await dialog.getByRole('button', { name: 'Done' }).click();
  return link!;
}

/** What the API answers where the test wants it to refuse; a browser puts each such answer on its console. */
const REFUSED = /status of [45]\d\d .*\/rest\/v1\/rpc\/accept_invitation$/;

/** Opens the link, asks to be let in, and reads why not. */
async function expectRefusal(page: Page, link: string, sentence: string): Promise<void> {
  await page.goto(link);
  await page.getByRole('button', { name: 'Accept invitation' }).click();
  await page.getByText(sentence, { exact: true }).waitFor();
}

const ANOTHERS = 'This invitation is for another e-mail address. Sign in with the address it was made for.';

/** Opens a link that lets nobody in any more. */
async function expectNotValid(page: Page, link: string): Promise<void> {
  await page.goto(link);
  await page.getByRole('heading', { name: 'This invitation is not valid' }).waitFor();
}

const rowOf = (page: Page, email: string) => page.getByRole('row').filter({ hasText: email });

test('someone is invited, accepts with a new account, gets another role, is removed, and cannot use the link again', async () => {
  const email = `new-${randomBytes(3).toString('hex')}@demo.example`;
  const owner = await openAs('owner', '/admin/users');
  const link = await invite(owner, email, 'viewer');
  await owner.getByRole('button', { name: `Revoke invitation of ${email}` }).waitFor();

  const guest = await open(link, { tolerate: REFUSED });
  await guest.getByRole('button', { name: 'Create an account' }).click();
  await guest.getByLabel('E-mail').fill(email);
  await guest.getByLabel('Password').fill(randomBytes(12).toString('hex'));
  await guest.getByRole('button', { name: 'Create account' }).click();
  await guest.getByRole('button', { name: 'Accept invitation' }).click();
  await guest.getByRole('link', { name: 'boiler-1' }).waitFor();
  expect(await guest.getByRole('button', { name: 'Add device' }).count()).toBe(0);

  await owner.reload();
  await owner.getByLabel(`Role of ${email}`).selectOption('staff');
  // Asked first: a key of the keyboard is enough to choose from a list.
  await owner.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await owner.reload();
  await rowOf(owner, email).waitFor();
  expect(await owner.getByLabel(`Role of ${email}`).inputValue()).toBe('viewer');
  await owner.getByLabel(`Role of ${email}`).selectOption('staff');
  await owner.getByRole('dialog').getByRole('button', { name: 'Make staff' }).click();
  await owner.getByText(`${email} is now staff.`).waitFor();
  await guest.reload();
  await guest.getByRole('button', { name: 'Add device' }).waitFor();

  await rowOf(owner, email).getByRole('button', { name: 'Remove' }).click();
  await owner.getByRole('dialog').getByRole('button', { name: 'Remove member' }).click();
  await owner.getByText(`${email} is no longer a member.`).waitFor();
  await guest.reload();
  await guest.getByRole('heading', { name: 'Create your first tenant' }).waitFor();
  await expectNotValid(guest, link);
});

test('an invitation is for its own address only, and for nobody after it was revoked', async () => {
  const owner = await openAs('owner', '/admin/users');
  const link = await invite(owner, 'somebody@else.example', 'owner');
  const viewer = await openAs('viewer', '/admin/devices', { tolerate: REFUSED });
  await expectRefusal(viewer, link, ANOTHERS);
  await owner.getByRole('button', { name: 'Revoke invitation of somebody@else.example' }).click();
  await owner.getByText('its link no longer works').waitFor();
  await expectNotValid(viewer, link);
  await viewer.goto('/admin/users');
  await rowOf(viewer, 'viewer@demo.example').getByRole('cell', { name: 'viewer', exact: true }).waitFor();
});

test('the last owner cannot step down', async () => {
  const owner = await openAs('owner', '/admin/users');
  await rowOf(owner, 'owner@demo.example').waitFor();
  expect(await owner.getByLabel('Role of owner@demo.example').count()).toBe(0);
  expect(await rowOf(owner, 'owner@demo.example').getByRole('button').count()).toBe(0);
});
