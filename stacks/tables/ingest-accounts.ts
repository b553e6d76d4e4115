// The generations of ingest's broker account for which an environment has passwords.
import { ingestUsername } from '../../provisioning/broker/registry.ts';

/** The key that names the generations in force. */
export interface IngestAccounts {
  ingestGenerationsInForce: readonly number[];
}

/**
 * Their user names, in order: those in force, and the next one. The next password is made a deployment ahead, because a new right
 * to read it takes up to ten minutes to take effect in Azure.
 */
export function ingestUsernames({ ingestGenerationsInForce: inForce }: IngestAccounts): string[] {
  const generations = [...inForce, Math.max(...inForce) + 1].sort((a, b) => a - b);
  return generations.map(ingestUsername);
}

/** Name of an account's password in the vault. */
export const ingestPasswordSecret = (username: string) => `${username}-password`;
