// Lighthouse's scores of the dashboard's pages, on the slow phone that it simulates and on a desktop.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import lighthouse, { desktopConfig } from 'lighthouse';
import type { ClientBase } from 'pg';
import { type BrowserContext, chromium } from 'playwright-core';
import { ensureDebianPackages } from '../bootstrap/debian.mjs';
import { freePort } from '../lab/ports.ts';
import { DEMO_TENANT } from '../local/demo-users.ts';
import { withConnection } from '../provisioning/database/connect.ts';
import { CHROMIUM, chromiumArguments } from '../tests/dashboard/chromium.ts';
import { emailOf, signIn } from '../tests/dashboard/demo-users.ts';
import { makeHistory } from '../tests/dashboard/history.ts';
import { startDashboardPlatform } from '../tests/dashboard/platform.ts';

/** Minimum score of each, of 100; below it the bench fails. */
const LEAST = { performance: 95, accessibility: 100, 'best-practices': 95 } as const;
type Category = keyof typeof LEAST;

/** The page of one device: of one that has a day of history, without its id. */
const DEVICE = '/admin/devices/view';
const PATHS = ['/sign-in', '/admin/devices', DEVICE, '/admin/ingest', '/admin/alerts', '/admin/users', '/admin/audit'];

const HELP = `usage: npm run bench -- lighthouse [--runs N] [PATH ...]

  --runs   tries for a page; the best performance of them counts, as others use the machine, too; default: 3
  PATH     default: ${PATHS.join(' ')}`;

/** Prints a line a page and form; fails when one is below its least. */
export async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { runs: { type: 'string', default: '3' }, help: { type: 'boolean' } },
  });
  if (values.help) return console.log(HELP);
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) {
    console.error(`--runs is ${JSON.stringify(values.runs)}: give a whole number, 1 or more.\n\n${HELP}`);
    process.exitCode = 2;
    return;
  }
  await ensureDebianPackages(['chromium']);
  const { platform, stop } = await startDashboardPlatform('lighthouse');
  const dir = mkdtempSync(join(tmpdir(), 'mqtt-saas-lighthouse-'));
  const port = await freePort();
  const browser = await chromium.launchPersistentContext(dir, {
    executablePath: CHROMIUM,
    args: [...chromiumArguments(), `--remote-debugging-port=${port}`],
  });
  try {
    const deviceId = await withConnection(platform.databaseUrl, deviceWithHistory);
    const signedIn = await signInAsOwner(browser, platform.url, platform.people);
    for (const path of positionals.length > 0 ? positionals : PATHS) {
      if (path === '/sign-in') await forget(browser, platform.url);
      else await signedIn();
      for (const form of ['phone', 'desk'] as const) {
        await judge(platform.url + (path === DEVICE ? `${path}?id=${deviceId}` : path), path, { port, form, runs });
      }
    }
  } finally {
    await browser.close();
    rmSync(dir, { recursive: true, force: true });
    await stop();
  }
}

/** Adds a day of history. @returns the id of a device that has it. */
async function deviceWithHistory(client: ClientBase): Promise<string> {
  await makeHistory(client);
  const { rows } = await client.query(
    'select d.id from public.devices as d join public.tenants as t on t.id = d.tenant_id where t.slug = $1 order by d.slug limit 1',
    [DEMO_TENANT],
  );
  return rows[0].id;
}

/** Measures a page and prints its line. */
async function judge(url: string, path: string, how: { port: number; form: 'phone' | 'desk'; runs: number }) {
  const best: Partial<Record<Category, number>> = {};
  const failed = new Set<string>();
  for (let run = 0; run < how.runs; run++) {
    const { scores, findings } = await measure(url, how);
    for (const [category, score] of Object.entries(scores) as [Category, number][]) {
      best[category] = Math.max(best[category] ?? 0, score);
    }
    for (const finding of findings) failed.add(finding);
    if (Object.entries(LEAST).every(([category, least]) => (best[category as Category] ?? 0) >= least)) break;
  }
  const low = Object.entries(LEAST).filter(([category, least]) => (best[category as Category] ?? 0) < least);
  const line = Object.entries(best).map(([category, score]) => `${category} ${score}`);
  console.log(`${low.length === 0 ? '✓' : '✗'} ${path.padEnd(20)} ${how.form.padEnd(6)} ${line.join('   ')}`);
  if (low.length === 0) return;
  for (const finding of failed) console.log(`    ${finding}`);
  process.exitCode = 1;
}

async function measure(url: string, { port, form }: { port: number; form: 'phone' | 'desk' }) {
  const flags = { port, onlyCategories: Object.keys(LEAST), disableStorageReset: true, logLevel: 'error' as const };
  const result = await lighthouse(url, flags, form === 'desk' ? desktopConfig : undefined);
  if (!result) throw new Error(`Lighthouse said nothing about ${url}`);
  const { categories, audits, finalDisplayedUrl } = result.lhr;
  if (finalDisplayedUrl !== url) throw new Error(`${url} led to ${finalDisplayedUrl}: is the session gone?`);
  const scores = Object.fromEntries(
    Object.entries(categories).map(([name, { score }]) => [name, Math.round((score ?? 0) * 100)]),
  );
  const findings = Object.values(audits)
    .filter(({ score, scoreDisplayMode }) => score !== null && score < 0.9 && scoreDisplayMode !== 'informative')
    .map(({ id, displayValue }) => `${id} ${displayValue ?? ''}`);
  return { scores, findings };
}

/** Signs in, and returns what brings that session back. */
async function signInAsOwner(browser: BrowserContext, url: string, people: Readonly<Record<string, string>>) {
  const page = await browser.newPage();
  await page.goto(`${url}/sign-in?next=/admin/devices`);
  await signIn(page, emailOf('owner'), people[emailOf('owner')]!);
  await page.waitForURL(`${url}/admin/devices`);
  const entries = await page.evaluate('JSON.stringify(Object.entries(localStorage))');
  await page.close();
  return () => inPage(browser, url, `${entries}.forEach(([name, value]) => localStorage.setItem(name, value))`);
}

const forget = (browser: BrowserContext, url: string) => inPage(browser, url, 'localStorage.clear()');

async function inPage(browser: BrowserContext, url: string, program: string): Promise<void> {
  const page = await browser.newPage();
  await page.goto(`${url}/no-such-page`);
  await page.evaluate(program);
  await page.close();
}
