// What the auth service appends to an address, as its source writes it, and what becomes of it.
import { expect, test, vi } from 'vitest';
import { afterLink, keepOpened, keepRefused, keptLink, MAILED_LINK_SCRIPT, parseLink } from './mailed-link.ts';

/** Runs the script on a page of this address. */
function visit(address: string) {
  const { pathname, search, hash } = new URL(address);
  const seen: { kept: string | null; shown?: string; left?: string } = { kept: null };
  const location = { pathname, search, hash, replace: (path: string) => (seen.left = path) };
  const history = { replaceState: (_state: null, _title: string, path: string) => (seen.shown = path) };
  const sessionStorage = { setItem: (_key: string, value: string) => (seen.kept = value) };
  new Function('location', 'history', 'sessionStorage', MAILED_LINK_SCRIPT)(location, history, sessionStorage);
  return seen;
}

const SESSION = 'access_token=a.b.c&expires_at=1&expires_in=3600&refresh_token=r&sb=&token_type=bearer';

test('a session: the address is clean at once, and the invitation stays', () => {
  const { kept, shown, left } = visit(`https://x.example/invite?token=abc#${SESSION}&type=signup`);
  expect({ shown, left }).toEqual({ shown: '/invite?token=abc', left: '/link' });
  expect(parseLink(kept)).toEqual({
    kind: 'session',
    type: 'signup',
    accessToken: 'a.b.c',
    refreshToken: 'r',
    next: '/invite?token=abc',
  });
});

test('an error, with and without PKCE; a message; a code', () => {
  const expired = 'error=access_denied&error_code=otp_expired&error_description=Email+link+is+invalid&sb=';
  expect(parseLink(visit(`https://x.example/#${expired}`).kept)).toEqual({
    kind: 'refused',
    code: 'otp_expired',
    next: '/admin/devices',
  });
  const pkce = visit(`https://x.example/invite?token=t&${expired.replace('&sb=', '')}#${expired}`);
  expect(pkce.shown).toBe('/invite?token=t');
  expect(parseLink(visit('https://x.example/#message=Confirmation+link+accepted&sb=').kept)).toEqual({ kind: 'half' });
  const code = visit('https://x.example/?code=123');
  expect([code.shown, parseLink(code.kept)]).toEqual(['/', { kind: 'refused', code: '', next: '/admin/devices' }]);
});

test('a link of the operator’s own mail template: it is not used yet', () => {
  const { kept, shown, left } = visit(
    'https://x.example/link#token_hash=abc&type=recovery&next=https%3A%2F%2Fx.example%2Finvite%3Ftoken%3Dt',
  );
  expect({ shown, left }).toEqual({ shown: '/link', left: undefined });
  expect(parseLink(kept)).toEqual({ kind: 'sealed', type: 'recovery', tokenHash: 'abc', next: '/invite?token=t' });
});

test('a link that was opened is kept as its session, one that was refused as the refusal alone', () => {
  const kept = new Map<string, string>();
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  });
  keepOpened('recovery', { access_token: 'a.b.c', refresh_token: 'r' }, '/invite?token=t');
  expect(keptLink()).toEqual({
    kind: 'session',
    type: 'recovery',
    accessToken: 'a.b.c',
    refreshToken: 'r',
    next: '/invite?token=t',
  });
  keepRefused('otp_expired', '/invite?token=t');
  expect(keptLink()).toEqual({ kind: 'refused', code: 'otp_expired', next: '/invite?token=t' });
  expect([...kept.values()].join()).not.toContain('a.b.c');
  vi.unstubAllGlobals();
});

test('any other address is left alone', () => {
  for (const path of [
    '/',
    '/invite?token=abc',
    '/admin/devices#content',
    '/sign-in?next=%2F%23error',
    '/link?token_hash=x',
  ]) {
    expect(visit(`https://x.example${path}`)).toEqual({ kept: null });
  }
  expect(parseLink(null)).toEqual({ kind: 'none' });
});

test('a link leads to an invitation or to a page of the signed-in person, nowhere else', () => {
  for (const path of ['/invite?token=abc', '/admin/alerts?x=1']) expect(afterLink(path)).toBe(path);
  for (const path of [
    null,
    '/',
    '/link',
    '/invite',
    '//evil.example/admin/',
    'https://evil.example',
    '/\\admin/',
    '/admin/../link',
    '/admin/..//evil.example',
  ]) {
    expect(afterLink(path)).toBe('/admin/devices');
  }
});
