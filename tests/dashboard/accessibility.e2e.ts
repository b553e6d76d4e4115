// Every page and dialog by axe's rules, in both themes, on a desk and on a phone.
import { AxeBuilder } from '@axe-core/playwright';
import { expect, test } from 'vitest';
import { open, openAs, withBrowser } from './browser.ts';
import { PLACES, WINDOWS } from './places.ts';

withBrowser();

const LOOKS = [
  { colorScheme: 'light', viewport: WINDOWS.desktop },
  { colorScheme: 'dark', viewport: WINDOWS.phone },
] as const;

test.each(PLACES)('$name: axe finds nothing, and nothing sticks out sideways', async ({ path, person, go, name }) => {
  const options = { ...LOOKS[0], tolerate: name === 'not-found' ? /status of 404/ : undefined };
  const page = person ? await openAs(person, path, options) : await open(path, options);
  await go(page);
  for (const { colorScheme, viewport } of LOOKS) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(viewport);
    const { violations } = await new AxeBuilder({ page }).analyze();
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(', ')}`);
    expect(found, `${colorScheme}, ${viewport.width} px`).toEqual([]);
    const tooWide = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    expect(tooWide, `${viewport.width} px`).toBe(0);
  }
});

test('the keyboard alone signs in, reaches the content, and leaves a dialog', async () => {
  const page = await open('/sign-in');
  await page.getByLabel('E-mail').waitFor();
  expect(await page.evaluate('document.activeElement.name')).toBe('email');
  const owner = await openAs('owner', '/admin/devices');
  await owner.getByRole('button', { name: 'Add device' }).waitFor();
  await owner.evaluate('document.activeElement.blur()');
  await owner.keyboard.press('Tab');
  expect(await owner.evaluate('document.activeElement.textContent')).toBe('Skip to content');
  await owner.keyboard.press('Enter');
  await owner.getByRole('button', { name: 'Add device' }).focus();
  await owner.keyboard.press('Enter');
  await owner.getByRole('dialog').waitFor();
  await owner.keyboard.press('Escape');
  await owner.getByRole('dialog').waitFor({ state: 'detached' });
  expect(await owner.evaluate('document.activeElement.textContent')).toBe('Add device');
});
