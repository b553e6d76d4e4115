// The registry file, read as the gate of one machine reads it: who may connect, by name.
import { HASH_PATTERN } from '../../domain/credentials.ts';
import { SERVICE_USERNAME, SLUG_PATTERN } from '../../domain/identifiers.ts';
import { REGISTRY_HEADER } from '../broker/registry.ts';

/** Someone who may connect. */
export interface Account {
  username: string;
  hash: string;
  /** `read:` and `write:` filters beyond what a device has by its name. */
  rights: readonly string[];
  /** Of a device. */
  tenant?: string;
  device?: string;
}

export type Accounts = ReadonlyMap<string, Account>;

/** @throws Error naming the line that is not as provisioning/broker/registry.ts writes it: then no line counts. */
export function parseRegistry(text: string): Accounts {
  if (!text.startsWith(REGISTRY_HEADER) || !text.endsWith('\n')) throw new Error('the registry file is not whole');
  const accounts = new Map<string, Account>();
  for (const [index, line] of text.split('\n').slice(1, -1).entries()) {
    const [username = '', hash = '', ...rights] = line.split(' ');
    const fail = (what: string): never => {
      throw new Error(`the registry file, line ${index + 2}: ${what}`);
    };
    if (!HASH_PATTERN.test(hash)) fail('the second word is not a hash');
    if (!rights.every((right) => /^(read|write):\S+$/.test(right))) fail('a right is neither read: nor write:');
    if (accounts.has(username)) fail('the name has come before');
    const [tenant = '', device = '', ...more] = username.split('.');
    if (SERVICE_USERNAME.test(username)) accounts.set(username, { username, hash, rights });
    else if (SLUG_PATTERN.test(tenant) && SLUG_PATTERN.test(device) && more.length === 0) {
      accounts.set(username, { username, hash, rights, tenant, device });
    } else fail('the first word is neither a device nor a service');
  }
  return accounts;
}
