// The platform's own sign-ins in the form that a database stores: neither the database nor the transport learns a password. A deployment
// makes them from the passwords, and enters them.
import { createHash } from 'node:crypto';
import type { ClientBase } from 'pg';
import { HASH_PATTERN, hashKey } from '../../domain/credentials.ts';
import type { ServicePurpose } from '../broker/registry.ts';
import { LOGIN_ROLES, type LoginRole, scramVerifier, setVerifier } from './login.ts';
import { endControlAccounts, upsertServiceHash } from './registry.ts';

/** Every sign-in of an environment. */
export interface SignIns {
  /** SCRAM verifier of each database role, instead of its password (RFC 5803). */
  roles: Record<LoginRole, string>;
  /** The broker's service accounts, with their hashes as Mosquitto stores them. */
  accounts: { username: string; purpose: ServicePurpose; hash: string }[];
}

/** What they are made from. */
export interface Passwords {
  roles: Record<LoginRole, string>;
  accounts: { username: string; purpose: ServicePurpose; key: string }[];
}

/**
 * The same passwords give the same sign-ins, so a deployment changes nothing if no password has changed. For that reason each salt is
 * derived from its password; a salt has to differ between passwords, not to be unpredictable.
 */
export async function makeSignIns({ roles, accounts }: Passwords): Promise<SignIns> {
  const verifiers = LOGIN_ROLES.map(
    (role) => [role, scramVerifier(roles[role], saltOf(role, roles[role], 16))] as const,
  );
  const hashes = accounts.map(async ({ username, purpose, key }) => ({
    username,
    purpose,
    hash: await hashKey(key, new Uint8Array(saltOf(username, key, 12))),
  }));
  return { roles: Object.fromEntries(verifiers) as SignIns['roles'], accounts: await Promise.all(hashes) };
}

const saltOf = (name: string, password: string, bytes: number) =>
  createHash('sha256').update(`salt of ${name}\0${password}`).digest().subarray(0, bytes);

/**
 * Enters them. Other accounts of ingest stay, because a queue may wait for them; others of the control loop, which has none, go.
 * @throws Error if the migrations have not made the roles, or one of them is not in the form that a database stores.
 */
export async function enterSignIns(client: ClientBase, { roles, accounts }: SignIns): Promise<void> {
  for (const role of LOGIN_ROLES) await setVerifier(client, role, roles[role]);
  for (const account of accounts) {
    if (!HASH_PATTERN.test(account.hash))
      throw new Error(`the sign-in of ${account.username} is not a hash of Mosquitto's`);
    await upsertServiceHash(client, account);
  }
  const control = accounts.filter(({ purpose }) => purpose === 'control').map(({ username }) => username);
  if (control.length > 0) await endControlAccounts(client, control);
}
