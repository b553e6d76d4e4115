// Gives the platform's database roles a password and the right to log in.
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import type { ClientBase } from 'pg';

/** The roles the migrations make without a password: for ingest, the broker machine, backups and the archive. */
export const LOGIN_ROLES = ['mqtt_ingest', 'broker_sync', 'backup_reader', 'archive_writer'] as const;

/** A role that may be given a login. */
export type LoginRole = (typeof LOGIN_ROLES)[number];

/** A password is a generated key, not a word: `openssl rand -base64 33` gives 44 characters. */
const SHORTEST = 20;

const VERIFIER = /^SCRAM-SHA-256\$\d+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$/;

/**
 * Sets the password of a role and lets it log in. Only the SCRAM verifier is sent, so the password itself cannot
 * appear in a log of the server.
 * @param password 20 or more printable ASCII characters without space.
 * @throws Error if the role is not one of ours, the password is too weak, the migrations have not made the role, or the
 *   connected user may not change it.
 */
export async function setLogin(client: ClientBase, role: string, password: string): Promise<void> {
  if (!LOGIN_ROLES.some((known) => known === role)) {
    throw new Error(`role ${JSON.stringify(role)} is not one of ${LOGIN_ROLES.join(', ')}`);
  }
  if (!/^[\x21-\x7e]+$/.test(password) || password.length < SHORTEST) {
    throw new Error(`the password must be ${SHORTEST} or more printable ASCII characters without space`);
  }
  await setVerifier(client, role as LoginRole, scramVerifier(password));
}

/** The same with a ready-made verifier: {@link scramVerifier}. @throws Error as {@link setLogin} does. */
export async function setVerifier(client: ClientBase, role: LoginRole, verifier: string): Promise<void> {
  // It becomes part of a statement, which takes no parameters.
  if (!VERIFIER.test(verifier)) throw new Error(`the sign-in of ${role} is not a SCRAM verifier`);
  try {
    await client.query(`alter role ${role} login password '${verifier}'`);
  } catch (cause) {
    const { code } = cause as { code?: string };
    if (code === '42704') throw new Error(`there is no role ${role}: apply the migrations first (db apply)`, { cause });
    if (code === '42501') {
      throw new Error(`this login may not change role ${role}: ${await remedyFor(client, role)}, and try again`, {
        cause,
      });
    }
    throw cause;
  }
}

/** A role with CREATEROLE may set another role's password: before Postgres 16 any other's, since then only with ADMIN on it. */
async function remedyFor(client: ClientBase, role: LoginRole): Promise<string> {
  const { rows } = await client.query<{ me: string; creates: boolean; version: number }>(
    `select quote_ident(rolname) as me, rolcreaterole as creates, current_setting('server_version_num')::int as version
     from pg_roles where rolname = current_user`,
  );
  const [{ me, creates, version }] = rows as [(typeof rows)[0]];
  const statements = [
    !creates && `alter role ${me} createrole`,
    // The right to grant it is enough: this login does not need what the role may read.
    version >= 160_000 && `grant ${role} to ${me} with admin option, inherit false, set false`,
  ].filter(Boolean);
  return `have a superuser, or who made ${creates ? role : me}, run "${statements.join('; ')}"`;
}

/**
 * What Postgres stores instead of a password (RFC 5803), in the form that `CREATE ROLE … PASSWORD` accepts.
 * @param password ASCII only: SASLprep, which would normalize other characters, leaves it alone.
 */
export function scramVerifier(password: string, salt = randomBytes(16), iterations = 4096): string {
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const hmac = (label: string) => createHmac('sha256', salted).update(label).digest();
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64');
  const serverKey = hmac('Server Key').toString('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}
