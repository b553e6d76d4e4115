import { test } from 'vitest';
import { openAs, withBrowser } from './browser.ts';
import { PLACES, WINDOWS } from './places.ts';

withBrowser();
const NAMES = ['devices', 'import-devices', 'selected-devices', 'connect-device', 'device'];
test.each(PLACES.filter(({ name }) => NAMES.includes(name)))('$name', async ({ path, person, go, name }) => {
  for (const [look, scheme] of [
    ['desktop', 'light'],
    ['phone', 'dark'],
  ] as const) {
    const page = await openAs(person!, path, { colorScheme: scheme, viewport: WINDOWS[look], reducedMotion: 'reduce' });
    await go(page);
    await page.waitForTimeout(500);
    await page.screenshot({ path: `/tmp/devs-pics-${name}-${look}.png` });
  }
});
