// The places of places.ts by axe's rules, light on a desk and dark on a phone; and what the keyboard alone can do.
import type { Page } from 'playwright-core';
import { expect, inject, test } from 'vitest';
import { DESK_AND_PHONE, inspect, open, openAs, withBrowser } from './browser.ts';
import { emailOf } from './demo-users.ts';
import { PLACES, WINDOWS } from './places.ts';

withBrowser();

test.each(PLACES)('$name: axe finds nothing, and nothing sticks out sideways', async ({ path, person, go, name }) => {
  const options = {
    viewport: WINDOWS.desktop,
    reducedMotion: 'reduce' as const,
    tolerate: name === 'not-found' ? /status of 404/ : undefined,
  };
  const page = person ? await openAs(person, path, options) : await open(path, options);
  await go(page);
  await inspect(page, DESK_AND_PHONE, name);
});

/** What has the focus. */
const focused = (page: Page, what: 'id' | 'name' | 'textContent') =>
  page.evaluate<string>(`document.activeElement.${what}`);

test('the keyboard alone signs in, reaches the content, and leaves a dialog', async () => {
  const page = await open('/sign-in');
  await page.getByLabel('E-mail').waitFor();
  expect(await focused(page, 'name')).toBe('email');
  const email = emailOf('owner');
  await page.keyboard.type(email);
  await page.keyboard.press('Tab');
  await page.keyboard.type(inject('platform').people[email]!);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Add device' }).waitFor();

  await page.reload();
  await page.getByRole('button', { name: 'Add device' }).waitFor();
  await page.keyboard.press('Tab');
  expect(await focused(page, 'textContent')).toBe('Skip to content');
  await page.keyboard.press('Enter');
  expect(await focused(page, 'id')).toBe('content');
  await page.keyboard.press('Tab');
  expect(await focused(page, 'textContent')).toBe('What changed this week?');
  await page.keyboard.press('Tab');
  expect(await focused(page, 'textContent')).toBe('Messages');
  await page.keyboard.press('Tab');
  expect(await focused(page, 'textContent')).toBe('Import');
  await page.keyboard.press('Tab');
  expect(await focused(page, 'textContent')).toBe('Add device');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(await focused(page, 'textContent')).toBe('Add device');
});
