// A real browser on the running dashboard, and people in it. What a page complains of fails the test that opened it.
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, inject } from 'vitest';
import { CHROMIUM, chromiumArguments } from './chromium.ts';
import { emailOf, type Person, signIn } from './demo-users.ts';
import { WINDOWS } from './places.ts';

/** How long a page may take to show something; the tests run on busy machines. */
const TIMEOUT_MS = 30_000;

/** Next.js fetches the styles of pages that may be opened next; a browser wonders why nobody uses them yet. */
const HARMLESS = /was preloaded using link preload but not used within a few seconds/;

let browser: Browser;
const opened: { page: Page; complaints: string[] }[] = [];

/** Registers the browser for a test file; its pages are closed after each test, and must have been quiet. */
export function withBrowser(): void {
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: chromiumArguments() });
  });
  afterEach(async () => {
    const complaints = opened.flatMap((entry) => entry.complaints);
    for (const { page } of opened.splice(0)) await page.context().close();
    expect(complaints).toEqual([]);
  });
  afterAll(() => browser?.close());
}

/**
 * Opens a path of the dashboard in a browser of its own: nobody is signed in.
 * @param tolerate messages on the console that belong to the test.
 */
export async function open(
  path: string,
  { tolerate, ...options }: BrowserContextOptions & { tolerate?: RegExp } = {},
): Promise<Page> {
  const context = await browser.newContext({ baseURL: inject('platform').url, locale: 'en', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(TIMEOUT_MS);
  const complaints: string[] = [];
  const complain = (text: string) => {
    if (!HARMLESS.test(text) && !tolerate?.test(text)) complaints.push(`${new URL(page.url()).pathname}: ${text}`);
  };
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      complain(`${message.text()} ${message.location().url}`);
  });
  page.on('pageerror', (error) => complain(error.message));
  opened.push({ page, complaints });
  await page.goto(path);
  return page;
}

/** Who signed in before in this file: what the browser then kept. */
const sessions = new Map<Person, Awaited<ReturnType<BrowserContext['storageState']>>>();

/** Opens a path as one of the demonstration's people. Signs in once a test file, and comes back as a browser does. */
export async function openAs(person: Person, path: string, options: Parameters<typeof open>[1] = {}): Promise<Page> {
  const storageState = sessions.get(person);
  if (storageState) return open(path, { ...options, storageState });
  const page = await open(`/sign-in?next=${encodeURIComponent(path)}`, options);
  await signIn(page, emailOf(person), inject('platform').people[emailOf(person)]!);
  await page.waitForURL((url) => url.pathname + url.search === path);
  sessions.set(person, await page.context().storageState());
  return page;
}

interface Look {
  colorScheme: 'light' | 'dark';
  viewport: { width: number; height: number };
}

/** Light on a desk, dark on a phone. */
export const DESK_AND_PHONE: readonly Look[] = [
  { colorScheme: 'light', viewport: WINDOWS.desktop },
  { colorScheme: 'dark', viewport: WINDOWS.phone },
];
const NARROW = { width: 320, height: 640 };
const NARROW_PHONE: readonly Look[] = [
  { colorScheme: 'light', viewport: NARROW },
  { colorScheme: 'dark', viewport: NARROW },
];

async function violations(page: Page): Promise<string[]> {
  const { violations: found } = await new AxeBuilder({ page }).analyze();
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target}: ${failureSummary}`),
  );
}

/**
 * By axe's rules, and that nothing sticks out sideways. @param looks default: a narrow phone in both themes.
 * @param picture a file's name, for a picture of each look in the folder that the environment names as PICTURES.
 */
export async function inspect(page: Page, looks = NARROW_PHONE, picture?: string): Promise<void> {
  const before = page.viewportSize();
  const folder = process.env.PICTURES;
  for (const { colorScheme, viewport } of looks) {
    // Without motion: amid a change of colours, axe would judge one that is on its way.
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.setViewportSize(viewport);
    // For a few frames, some of the text still has the other theme's colour: only what stays is a fault.
    await expect
      .poll(() => violations(page), { timeout: 10_000, message: `${colorScheme}, ${viewport.width} px` })
      .toEqual([]);
    const tooWide = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    expect(tooWide, `${viewport.width} px`).toBe(0);
    if (folder && picture)
      await page.screenshot({ path: join(folder, `${picture}-${colorScheme}-${viewport.width}.png`), fullPage: true });
  }
  if (before) await page.setViewportSize(before);
}
