// The generations of ingest's broker account that an environment has passwords for.
import { ingestUsername } from '../../provisioning/broker/registry.ts';

/** The key that says which are in force. */
export interface IngestAccounts {
  ingestGenerationsInForce: readonly number[];
}

/**
 * Their user names, in order: those in force, and the next one. Its password is made a deployment ahead, because Azure takes
 * up to ten minutes to let anybody read it.
 */
export function ingestUsernames({ ingestGenerationsInForce: inForce }: IngestAccounts): string[] {
  const generations = [...inForce, Math.max(...inForce) + 1].sort((a, b) => a - b);
  return generations.map(ingestUsername);
}

/** Name of an account's password in the vault. */
export const ingestPasswordSecret = (username: string) => `${username}-password`;
