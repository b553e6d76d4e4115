// The links that the auth service mails. It checks the link itself and sends the browser on to the dashboard, with a session
// or an error in the address's fragment (supabase/auth: internal/api/verify.go, internal/tokens/service.go). Whatever page
// that is, the fragment leaves the address at once, and /link shows the result.
import { safePath } from './next-path.ts';

/** Where a link waits until it is used: in this tab alone, so that a reload does not lose a link that works once. */
const KEPT = 'mqtt-saas.link';

/**
 * Runs before anything else of a page. A link may also lead to /link by itself, with `token_hash` and `type` in its fragment,
 * where the operator has written the mails so: then it is used when a person says so, not when a mail server opens it. `code`
 * belongs to the PKCE flow, which this dashboard does not use.
 */
export const MAILED_LINK_SCRIPT = `(()=>{var l=location,q=new URLSearchParams(l.search),f=l.hash.slice(1);if(!q.has('code')&&!/(^|&)(access_token|token_hash|error|error_code|message)=/.test(f))return;for(var n of ['code','error','error_code','error_description','message'])q.delete(n);var r=q+'',p=l.pathname+(r?'?'+r:'');history.replaceState(null,'',p);try{sessionStorage.setItem('${KEPT}',JSON.stringify({fragment:f,path:p}))}catch{}if(l.pathname!='/link')l.replace('/link')})()`;

/** What a link has brought. */
export type MailedLink =
  /** `type`: signup, invite, recovery, magiclink or email_change. */
  | { kind: 'session'; type: string; accessToken: string; refreshToken: string; next: string }
  /** Not used yet. */
  | { kind: 'sealed'; type: string; tokenHash: string; next: string }
  /** `code`: the auth service's, such as otp_expired. */
  | { kind: 'refused'; code: string; next: string }
  /** The first of the two links that change an e-mail address. */
  | { kind: 'half' }
  | { kind: 'none' };

/** The link that this tab keeps. */
export const keptLink = (): MailedLink => parseLink(sessionStorage.getItem(KEPT));

/** Once it is used. */
export const forgetLink = (): void => sessionStorage.removeItem(KEPT);

const keep = (fragment: Record<string, string>, path: string): void =>
  sessionStorage.setItem(KEPT, JSON.stringify({ fragment: `${new URLSearchParams(fragment)}`, path }));

/** In place of a link that works once and has been opened: its session, which a reload can still use. */
export const keepOpened = (
  type: string,
  { access_token, refresh_token }: { access_token: string; refresh_token: string },
  next: string,
): void => keep({ type, access_token, refresh_token }, next);

/** In place of a link that will never work: why, without its tokens. */
export const keepRefused = (code: string, next: string): void => keep({ error_code: code }, next);

/** @param kept what the script above has kept. */
export function parseLink(kept: string | null): MailedLink {
  if (kept === null) return { kind: 'none' };
  const { fragment, path } = JSON.parse(kept) as { fragment: string; path: string };
  const found = new URLSearchParams(fragment);
  const tokenHash = found.get('token_hash');
  const type = found.get('type') ?? '';
  if (tokenHash) return { kind: 'sealed', type, tokenHash, next: afterLink(pathOf(found.get('next'))) };
  const next = afterLink(path);
  const accessToken = found.get('access_token');
  const refreshToken = found.get('refresh_token');
  if (accessToken && refreshToken) {
    return { kind: 'session', type, accessToken, refreshToken, next };
  }
  if (found.has('message')) return { kind: 'half' };
  return { kind: 'refused', code: found.get('error_code') ?? '', next };
}

/** Of an address, whatever its origin: a link leads on within this site only. */
const pathOf = (address: string | null): string | null => {
  if (address === null || !URL.canParse(address)) return null;
  const { pathname, search } = new URL(address);
  return pathname + search;
};

/** Where a link may lead on to: an invitation, or a page of the signed-in person. */
export const afterLink = (path: string | null): string =>
  [safePath(path)].find((safe) => /^\/(invite\?token=|admin\/)/.test(safe)) ?? safePath(null);
