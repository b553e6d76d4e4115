// Whether a client may come in: what the gatekeeper answers. Pure but for the time that a hash takes.
import { createHash, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { clientIdOf } from '../../domain/cluster.ts';
import type { Account, Accounts } from './accounts.ts';
import { NotServed, type Permissions, rightsOf } from './rights.ts';

const derive = promisify(pbkdf2);
const HASH_BYTES = 64;

/** What a client says of itself. */
export interface Asked {
  username: string;
  password: string;
  /** Its MQTT client id; undefined: it does not speak MQTT. */
  clientId: string | undefined;
}

/** Let in, by a name that says with which key; or why not. */
export type Answer = { name: string; permissions: Permissions } | { refused: string };

/**
 * The name of a connection inside the cluster: the user and the key that it came with, so that connections with a former key can be
 * found and ended, whichever gatekeeper let them in.
 */
export const connectionName = ({ username, hash }: Account) =>
  `${username}#${createHash('sha256').update(hash).digest('hex').slice(0, 16)}`;

export async function authorize(accounts: Accounts, { username, password, clientId }: Asked): Promise<Answer> {
  const account = accounts.get(username);
  if (!account) return { refused: 'unknown user' };
  if (!(await isKey(password, account.hash))) return { refused: `wrong key of ${username}` };
  // One session an account, and nobody can take over another's: a session belongs to who names its client id.
  if (clientId !== undefined && clientId !== clientIdOf(username)) {
    return { refused: `${username} must use the client id ${clientIdOf(username)}` };
  }
  try {
    return { name: connectionName(account), permissions: rightsOf(account) };
  } catch (error) {
    if (error instanceof NotServed) return { refused: error.message };
    throw error;
  }
}

async function isKey(password: string, hash: string): Promise<boolean> {
  const [, , rounds, salt = '', wanted = ''] = hash.split('$');
  const found = await derive(password, Buffer.from(salt, 'base64'), Number(rounds), HASH_BYTES, 'sha512');
  return timingSafeEqual(found, Buffer.from(wanted, 'base64'));
}
