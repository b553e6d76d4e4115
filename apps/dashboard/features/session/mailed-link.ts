// The links that the auth service mails. It checks the link itself and sends the browser on to the dashboard, with a session
// or an error in the address's fragment (supabase/auth: internal/api/verify.go, internal/tokens/service.go). Whatever page
// that is, the fragment leaves the address at once, and /link says what has come of it.
import { safePath } from './next-path.ts';

/** Where a link waits until it is used: in this tab alone, so that a reload does not lose a link that works once. */
const KEPT = 'mqtt-saas.link';

/**
 * Runs before anything else of a page. `code` is an answer to PKCE, which only the browser that asked could use; this
 * dashboard never asks so.
 */
export const MAILED_LINK_SCRIPT = `(()=>{var l=location,h=l.hash.slice(1),q=new URLSearchParams(l.search);if(!/(^|&)(access_token|error|error_code|message)=/.test(h)&&!q.has('code'))return;for(var n of ['code','error','error_code','error_description','message'])q.delete(n);var s=q+'',p=l.pathname+(s?'?'+s:'');history.replaceState(null,'',p);try{sessionStorage.setItem('${KEPT}',JSON.stringify({fragment:h,path:p}))}catch{}l.replace('/link')})()`;

/** What a link has brought. */
export type MailedLink =
  /** `type`: signup, invite, recovery, magiclink or email_change. */
  | { kind: 'session'; type: string; accessToken: string; refreshToken: string; next: string }
  /** `code`: the auth service's, such as otp_expired. */
  | { kind: 'refused'; code: string; next: string }
  /** The first of the two links that change an e-mail address. */
  | { kind: 'half' }
  | { kind: 'none' };

/** The link that this tab keeps. */
export const keptLink = (): MailedLink => parseLink(sessionStorage.getItem(KEPT));

/** Once it is used. */
export const forgetLink = (): void => sessionStorage.removeItem(KEPT);

/** @param kept what the script above has kept. */
export function parseLink(kept: string | null): MailedLink {
  if (kept === null) return { kind: 'none' };
  const { fragment, path } = JSON.parse(kept) as { fragment: string; path: string };
  const found = new URLSearchParams(fragment);
  const next = afterLink(path);
  const accessToken = found.get('access_token');
  const refreshToken = found.get('refresh_token');
  if (accessToken && refreshToken) {
    return { kind: 'session', type: found.get('type') ?? '', accessToken, refreshToken, next };
  }
  if (found.has('message')) return { kind: 'half' };
  return { kind: 'refused', code: found.get('error_code') ?? '', next };
}

/** Where a link may lead on to: an invitation, or a page of the signed-in person. */
export const afterLink = (path: string | null): string =>
  safePath(path !== null && /^\/(invite\?token=|admin\/)/.test(path) ? path : null);
