// Each refusal of the auth service is a sentence for a person (codes: supabase/auth, internal/api/apierrors/errorcode.go).
import { afterEach, expect, test, vi } from 'vitest';
import { explain, requestReset, SENTENCES, signIn, signUp } from './account.ts';
import { signOut } from './sign-out.ts';

/** What the auth service answers to whatever it is asked. */
let answer: object;
vi.mock('./clients.ts', () => ({
  clients: async () => ({ auth: new Proxy({}, { get: (_, method) => method !== 'then' && (async () => answer) }) }),
}));
afterEach(() => vi.unstubAllGlobals());

test.each([...SENTENCES.keys()])('%s', (code) => {
  const { message, code: kept } = explain({ code, message: 'for programs', status: 400 });
  expect(kept).toBe(code);
  expect(message).not.toContain('for programs');
  expect(message).toMatch(/^[A-Z].*\.$/);
});

test('what has no sentence of its own', () => {
  const said = (code: string, message: string, status?: number) => explain({ code, message, status }).message;
  expect(said('weak_password', 'Password should be at least 12 characters.', 422)).toBe(
    'This password is too weak. Password should be at least 12 characters.',
  );
  expect(said('unexpected_failure', 'pq: boom', 500)).toMatch(/problem of its own/);
  expect(said('', 'Failed to fetch', 0)).toMatch(/cannot be reached/);
  expect(said('', 'Invalid login credentials', 400)).toMatch(/do not match/);
  expect(said('validation_failed', 'Password cannot be longer than 72 characters', 400)).toBe(
    'Password cannot be longer than 72 characters.',
  );
});

test('a code from an address that is the name of a property of every object has none either', () => {
  for (const code of ['__proto__', 'constructor', 'toString'])
    expect(explain({ code, message: 'No', status: 400 }).message).toBe('No.');
});

test('asked for a mail too soon, it says the same as for an address that nobody has', async () => {
  vi.stubGlobal('location', { origin: 'https://x.example' });
  answer = { data: null, error: { code: 'over_email_send_rate_limit', message: '', status: 429 } };
  await requestReset('ann@example.com', '/');
  expect(await signUp('ann@example.com', 'the password of Ann', '/')).toBe(false);
  answer = { data: null, error: { code: 'signup_disabled', message: '', status: 422 } };
  await expect(signUp('ann@example.com', 'the password of Ann', '/')).rejects.toThrow(/switched off/);
});

test('who signs in or out leaves no mailed link in the tab', async () => {
  const removed: string[] = [];
  vi.stubGlobal('sessionStorage', { removeItem: (key: string) => removed.push(key) });
  answer = { data: {}, error: null };
  await signIn('ann@example.com', 'the password of Ann');
  await signOut();
  expect(removed).toEqual(['mqtt-saas.link', 'mqtt-saas.link']);
});
