// `npm run screenshots`: takes the pictures that README and docs/dashboard.md show, of a platform with a day of history.
// To picture another page, name its place here and show it; tests/documents.test.ts compares the two.
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

/** Names of places.ts. */
const SHOWN = ['devices', 'device', 'add-device', 'ingest', 'alert-rule'];
const OUTDIR = join(ROOT, 'docs/screenshots');
/** Keeps the repository small. */
const MOST_BYTES = 150_000;

rmSync(OUTDIR, { recursive: true, force: true });
mkdirSync(OUTDIR, { recursive: true });
const { platform, stop } = await startDashboardPlatform('pictures');
const browser = await chromium.launch({ executablePath: CHROMIUM, args: chromiumArguments() });
try {
  await withConnection(platform.databaseUrl, makeHistory);
  for (const place of PLACES.filter(({ name }) => SHOWN.includes(name))) await picture(place, platform);
} finally {
  await browser.close();
  await stop();
}

async function picture({ name, path, person, go }: Place, { url, people }: DashboardPlatform): Promise<void> {
  const context = await browser.newContext({
    baseURL: url,
    viewport: WINDOWS.desktop,
    colorScheme: 'light',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  await page.goto(person ? `/sign-in?next=${encodeURIComponent(path)}` : path);
  if (person) await signIn(page, emailOf(person), people[emailOf(person)]!);
  await go(page);
  await settle(page);
  const file = join(OUTDIR, `${name}.png`);
  await page.screenshot({ path: file, animations: 'disabled' });
  const { size } = statSync(file);
  if (size > MOST_BYTES) throw new Error(`${file} has ${size} bytes, the most is ${MOST_BYTES}`);
  console.log(`${file.slice(ROOT.length + 1)}  ${Math.round(size / 1000)} kB`);
  await context.close();
}

async function settle(page: Page): Promise<void> {
  await page.evaluate('document.fonts.ready');
  await page.waitForTimeout(400);
}
