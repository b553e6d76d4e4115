// `npm run screenshots`: pictures of every page for the documentation, on a desk and on a phone, light and dark, of a
// platform with a day of history.
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { ROOT } from '../../bootstrap/root.mjs';
import { withConnection } from '../../provisioning/database/connect.ts';
import { CHROMIUM, chromiumArguments } from './chromium.ts';
import { emailOf, signIn } from './demo-users.ts';
import { makeHistory } from './history.ts';
import { PLACES, type Place, WINDOWS } from './places.ts';
import { type DashboardPlatform, startDashboardPlatform } from './platform.ts';

const OUTDIR = join(ROOT, 'docs/screenshots');
/** A repository is no picture archive. */
const MOST_BYTES = 150_000;

rmSync(OUTDIR, { recursive: true, force: true });
mkdirSync(OUTDIR, { recursive: true });
const { platform, stop } = await startDashboardPlatform('pictures');
const browser = await chromium.launch({ executablePath: CHROMIUM, args: chromiumArguments() });
try {
  await withConnection(platform.databaseUrl, makeHistory);
  for (const place of PLACES) await picture(place, platform);
} finally {
  await browser.close();
  await stop();
}

async function picture({ name, path, person, go }: Place, { url, people }: DashboardPlatform): Promise<void> {
  const context = await browser.newContext({ baseURL: url, viewport: WINDOWS.desktop, reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(person ? `/sign-in?next=${encodeURIComponent(path)}` : path);
  if (person) await signIn(page, emailOf(person), people[emailOf(person)]!);
  await go(page);
  for (const [window, viewport] of Object.entries(WINDOWS)) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await settle(page);
      const file = join(OUTDIR, `${name}-${window}-${colorScheme}.png`);
      await page.screenshot({ path: file, animations: 'disabled' });
      const { size } = statSync(file);
      if (size > MOST_BYTES) throw new Error(`${file} has ${size} bytes, the most is ${MOST_BYTES}`);
      console.log(`${file.slice(ROOT.length + 1)}  ${Math.round(size / 1000)} kB`);
    }
  }
  await context.close();
}

/** Charts are drawn anew for another width and theme. */
async function settle(page: Page): Promise<void> {
  await page.evaluate('document.fonts.ready');
  await page.waitForTimeout(400);
}
