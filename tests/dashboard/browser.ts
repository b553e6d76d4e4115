// A real browser on the running dashboard, and people in it. What a page complains of fails the test that opened it.
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, inject } from 'vitest';

/** Debian's browser: the one that apt brings. */
const CHROMIUM = '/usr/bin/chromium';
/** How long a page may take to show something; the tests run on busy machines. */
const PATIENCE_MS = 30_000;

/** Next.js fetches the styles of pages that may be opened next; a browser wonders why nobody uses them yet. */
const HARMLESS = /was preloaded using link preload but not used within a few seconds/;

/** Who has an account when the platform starts. */
export type Person = 'owner' | 'staff' | 'viewer';

/** E-mail address of a demonstration's person. */
export const emailOf = (person: Person) => `${person}@demo.example`;

let browser: Browser;
const opened: { page: Page; complaints: string[] }[] = [];

/** Registers the browser for a test file; its pages are closed after each test, and must have been quiet. */
export function withBrowser(): void {
  beforeAll(async () => {
    // As root, as in containers, Chromium's own sandbox cannot be set up.
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    browser = await chromium.launch({ executablePath: CHROMIUM, args });
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
  const context = await browser.newContext({ baseURL: inject('platform').url, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
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

/** Fills in the form for signing in. */
export async function signIn(page: Page, email: string, password: string): Promise<void> {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Opens a path as one of the demonstration's people. */
export async function openAs(person: Person, path: string, options: Parameters<typeof open>[1] = {}): Promise<Page> {
  const page = await open(`/sign-in?next=${encodeURIComponent(path)}`, options);
  await signIn(page, emailOf(person), inject('platform').people[emailOf(person)]!);
  await page.waitForURL((url) => url.pathname + url.search === path);
  return page;
}
