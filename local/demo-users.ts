// Users to sign in as, one for each role, in the simulated devices' first tenant. Runs at every start and adds what is missing.
import { randomInt, randomUUID } from 'node:crypto';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { createClient, type SupabaseClient } from '@supabase/supabase-js';
import type { ClientBase } from 'pg';

/** The demonstration's users and their roles. */
export const DEMO_USERS = [
  { email: 'owner@demo.example', role: 'owner' },
  { email: 'staff@demo.example', role: 'staff' },
  { email: 'viewer@demo.example', role: 'viewer' },
] as const;

/** Their tenant: one that the simulator publishes for. */
export const DEMO_TENANT = 'acme';

/** Where they sign up, and with which key. */
export interface SignInService {
  dashboardUrl: string;
  publishableKey: string;
}

/** Four words of 2,048, such as `ozone-tilt-lucky-fence`: 44 random bits, for a service that only this machine can reach. */
export function makePassphrase(): string {
  return Array.from({ length: 4 }, () => wordlist[randomInt(wordlist.length)]).join('-');
}

/**
 * Makes sure that each user can sign in with the password in `passwords` (a missing one is made) and is a member of the demo tenant with
 * their role.
 * @param client of the database's superuser.
 */
export async function seedDemoUsers(
  client: ClientBase,
  { dashboardUrl, publishableKey }: SignInService,
  passwords: Record<string, string>,
): Promise<void> {
  for (const { email, role } of DEMO_USERS) {
    passwords[email] ??= makePassphrase();
    const api = createClient(dashboardUrl, publishableKey, {
      auth: { persistSession: false, autoRefreshToken: false },
    });
    const userId = await signInOrUp(api, client, email, passwords[email]);
    await client.query(
      `insert into public.memberships (tenant_id, user_id, email, role)
       select id, $2, $3, $4 from public.tenants where slug = $1
       on conflict do nothing`,
      [DEMO_TENANT, userId, email, role],
    );
  }
}

async function signInOrUp(api: SupabaseClient, client: ClientBase, email: string, password: string): Promise<string> {
  const signIn = () => api.auth.signInWithPassword({ email, password });
  const first = await signIn();
  if (first.data.user) return first.data.user.id;
  const { data, error } = await api.auth.signUp({ email, password });
  if (error?.code === 'user_already_exists') {
    // The file with the passwords was lost: the account gets a new one, hashed by the service itself.
    const spare = `spare-${randomUUID()}@demo.example`;
    await api.auth.signUp({ email: spare, password });
    await client.query(
      `with spare as (delete from auth.users where email = $2 returning encrypted_password)
       update auth.users set encrypted_password = spare.encrypted_password from spare where email = $1`,
      [email, spare],
    );
    const again = await signIn();
    if (again.data.user) return again.data.user.id;
    throw new Error(`${email} could not be given a new password: ${again.error?.message}`);
  }
  if (error || !data.user)
    throw new Error(`${email} could not be signed up: ${error?.message ?? 'no account was made'}`);
  return data.user.id;
}
