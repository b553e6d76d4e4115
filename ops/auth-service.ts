// What a deployed auth service (Supabase's, GoTrue) says about itself: its settings, and where its mailed links end. It also mails
// invitations.
import type { PublicConfig } from '../apps/dashboard/functions/api/config.ts';

/** Its address, and the public key. */
export interface AuthPlace {
  /** `https://REF.supabase.co`. */
  supabaseUrl: string;
  publishableKey: string;
}

/** `GET /settings`, the part that is checked (supabase/auth: internal/api/settings.go). */
export interface AuthSettings {
  disable_signup: boolean;
  mailer_autoconfirm: boolean;
  external: { email?: boolean; anonymous_users?: boolean };
}

const TIMEOUT_MS = 10_000;

/** Taken from the dashboard's own settings. @throws Error if it does not give them. */
export async function authOfDashboard(dashboard: string): Promise<AuthPlace> {
  const answer = await ask(`${dashboard}/api/config`, {});
  const { supabaseUrl, publishableKey } = (await answer.json().catch(() => ({}))) as Partial<PublicConfig>;
  if (!answer.ok || !supabaseUrl || !publishableKey) {
    throw new Error(`${dashboard}/api/config does not say where the auth service is: is that the dashboard's address?`);
  }
  return { supabaseUrl, publishableKey };
}

/** @throws Error if it does not answer as Supabase's does. */
export async function readAuthSettings({ supabaseUrl, publishableKey }: AuthPlace): Promise<AuthSettings> {
  const url = `${supabaseUrl}/auth/v1/settings`;
  const answer = await ask(url, { headers: { apikey: publishableKey } });
  const settings = (await answer.json().catch(() => ({}))) as Partial<AuthSettings>;
  if (!answer.ok || typeof settings.disable_signup !== 'boolean') throw new Error(`${url} answers ${answer.status}`);
  return { external: {}, mailer_autoconfirm: false, ...settings } as AuthSettings;
}

/**
 * The address at which a mailed link ends, without what is appended to it. A link with an invalid token ends there, too, with an
 * error; so the setting "Site URL" can be read.
 */
async function whereLinksEnd({ supabaseUrl, publishableKey }: AuthPlace): Promise<string> {
  const answer = await ask(`${supabaseUrl}/auth/v1/verify?token=none&type=recovery`, {
    headers: { apikey: publishableKey },
  });
  const location = answer.headers.get('location');
  if (!location || !URL.canParse(location)) throw new Error(`the auth service answers a link with ${answer.status}`);
  return location.replace(/[?#].*$/, '');
}

/** A problem, and the setting that fixes it. */
interface Problem {
  seen: string;
  remedy: string;
}

/** Undefined if mailed links end exactly at the dashboard: mail templates append a path. @throws Error if the service cannot be asked. */
export async function judgeLinks(place: AuthPlace, dashboard: string): Promise<Problem | undefined> {
  const end = await whereLinksEnd(place);
  if (end === dashboard) return undefined;
  return {
    seen: `mailed links end at ${end}, not at ${dashboard}`,
    remedy: `let "Site URL" be ${dashboard} (Authentication, URL Configuration)`,
  };
}

/** Its problems, each with the setting that fixes it; and whether anyone can create an account. */
export interface AuthVerdict {
  problems: Problem[];
  isOpen: boolean;
}

/** How to handle open sign-ups. */
export const CLOSE_SIGN_UPS =
  'switch off "Allow new users to sign up" (Authentication, Sign In / Providers) and invite people with ops invite --mail, or do not let strangers create tenants: npm run ops -- limit --tenants-per-person 0';

/** @param dashboard where its links must end; undefined if that is not known yet. @throws Error if the service cannot be asked. */
export async function judgeAuth(place: AuthPlace, dashboard: string | undefined): Promise<AuthVerdict> {
  const { disable_signup, mailer_autoconfirm, external } = await readAuthSettings(place);
  const providers = 'Authentication, Sign In / Providers';
  const problems = [
    mailer_autoconfirm && {
      seen: 'addresses are not confirmed: anyone can sign up with the address of an invited person',
      remedy: `switch on "Confirm email" (${providers}, Email)`,
    },
    external.anonymous_users && {
      seen: 'anonymous sign-ins are on',
      remedy: `switch off "Allow anonymous sign-ins" (${providers})`,
    },
    external.email === false && {
      seen: 'signing in with e-mail and password is off',
      remedy: `switch on "Email" (${providers})`,
    },
    dashboard !== undefined && (await judgeLinks(place, dashboard)),
  ].filter((problem) => typeof problem === 'object');
  return { problems, isOpen: !disable_signup };
}

/** Lets the service create an account and mail the link. @returns the result. @throws Error with the service's reason. */
export async function mailInvitation(
  { supabaseUrl }: AuthPlace,
  secretKey: string,
  email: string,
  link: string,
): Promise<string> {
  const { protocol, hostname } = new URL(supabaseUrl);
  if (protocol !== 'https:' && hostname !== '127.0.0.1') throw new Error('the secret key is sent over https only');
  const answer = await ask(`${supabaseUrl}/auth/v1/invite?redirect_to=${encodeURIComponent(link)}`, {
    method: 'POST',
    headers: { apikey: secretKey, authorization: `Bearer ${secretKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ email }),
  });
  if (answer.ok) return `The link was mailed to ${email}.`;
  const said = (await answer.json().catch(() => ({}))) as { error_code?: string; msg?: string };
  if (said.error_code === 'email_exists')
    return `${email} has an account already, so no mail was sent: give them the link.`;
  const why = [said.error_code, said.msg].filter(Boolean).join(': ') || `status ${answer.status}`;
  throw new Error(
    `the invitation is made, but its mail was refused (${why}): pass on the link above, or fix the cause and invite again with --replace`,
  );
}

async function ask(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (cause) {
    const { message, cause: deeper } = cause as Error & { cause?: { code?: string } };
    throw new Error(`${new URL(url).origin} cannot be reached: ${deeper?.code ?? message}`, { cause });
  }
}
