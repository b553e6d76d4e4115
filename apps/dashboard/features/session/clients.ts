// The two ends of the platform's API, as the signed-in person: accounts, and rows under row-level security.
import type { AuthClient } from '@supabase/auth-js';
import type { PostgrestClient } from '@supabase/postgrest-js';
import type { PublicConfig } from '../../functions/api/config.ts';
import { loadConfig } from './config.ts';
import type { Database } from './database.ts';

/** Where the session is kept in localStorage. */
const STORAGE_KEY = 'mqtt-saas.session';

/** The API's tables, views and functions. */
export type Api = PostgrestClient<Database>;

export interface Clients {
  config: PublicConfig;
  auth: InstanceType<typeof AuthClient>;
  /** Another client of the same service, which keeps nothing beyond the page. */
  temporaryAuth: () => InstanceType<typeof AuthClient>;
  rest: Api;
}

let made: Promise<Clients> | undefined;

/** One pair a page. @throws Error when the configuration cannot be read. */
export function clients(): Promise<Clients> {
  made ??= make().catch((error) => {
    made = undefined;
    throw error;
  });
  return made;
}

/** The rows' client alone. */
export const rest = async (): Promise<Api> => (await clients()).rest;

/** By the SQLSTATE of access.check_session(). */
async function isSessionRefused(answer: Response): Promise<boolean> {
  const { code } = (await answer
    .clone()
    .json()
    .catch(() => ({}))) as { code?: string };
  return code === '28000';
}

/**
 * What comes of a refused session is for the auth service to say: its second factor is asked for, or it ends here too. The client
 * alone would keep it until its access token expires.
 */
async function renewOrEnd(auth: Clients['auth']): Promise<void> {
  const { error } = await auth.refreshSession();
  if (error?.name === 'AuthApiError' && error.status !== 429) await auth.signOut({ scope: 'local' });
}

async function make(): Promise<Clients> {
  // Loaded together with the configuration, without which nothing can be requested; the page is drawn meanwhile.
  const [config, { AuthClient }, { PostgrestClient }] = await Promise.all([
    loadConfig(),
    import('@supabase/auth-js'),
    import('@supabase/postgrest-js'),
  ]);
  const headers = { apikey: config.publishableKey };
  const url = `${config.supabaseUrl}/auth/v1`;
  const auth = new AuthClient({
    url,
    headers,
    storageKey: STORAGE_KEY,
    persistSession: true,
    autoRefreshToken: true,
    // mailed-link.ts does: with a session from the address alone, the sender of a link could sign somebody in as themselves.
    detectSessionInUrl: false,
  });
  const temporaryAuth = () =>
    new AuthClient({
      url,
      headers,
      storageKey: `${STORAGE_KEY}.link`,
      persistSession: false,
      autoRefreshToken: false,
      detectSessionInUrl: false,
    });
  // Asked at each request, as the token is renewed while the page is open; requests of one instant ask together.
  let asked: ReturnType<typeof auth.getSession> | undefined;
  const askOnce = () => {
    asked ??= auth.getSession().finally(() => {
      asked = undefined;
    });
    return asked;
  };
  const asSignedIn: typeof fetch = async (input, init) => {
    const { data } = await askOnce();
    const signed = new Headers(init?.headers);
    if (data.session) signed.set('authorization', `Bearer ${data.session.access_token}`);
    const answer = await fetch(input, { ...init, headers: signed });
    if (data.session && answer.status >= 400 && (await isSessionRefused(answer))) void renewOrEnd(auth);
    return answer;
  };
  const rest = new PostgrestClient<Database>(`${config.supabaseUrl}/rest/v1`, {
    headers,
    fetch: asSignedIn,
    retry: false,
  });
  return { config, auth, temporaryAuth, rest };
}
