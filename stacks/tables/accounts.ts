// The platform's broker accounts, in the generations for which an environment has passwords. The next password of each is made a
// deployment ahead, because a new right to read it takes up to ten minutes to take effect in Azure.
import { controlUsername, ingestUsername } from '../../provisioning/broker/registry.ts';

/** The keys that name the generations in force. */
export interface Generations {
  ingestGenerationsInForce: readonly number[];
  controlGeneration: number;
}

/** Ingest's user names, in order: those in force, and the next one. */
export function ingestUsernames({ ingestGenerationsInForce: inForce }: Generations): string[] {
  const generations = [...inForce, Math.max(...inForce) + 1].sort((a, b) => a - b);
  return generations.map(ingestUsername);
}

/** The control loop's user names: the one in force, and the next one. It has no queue, so no two need to be in force. */
export const controlUsernames = ({ controlGeneration: generation }: Generations): string[] =>
  [generation, generation + 1].map(controlUsername);

/** Name of an account's password in the vault. */
export const accountPasswordSecret = (username: string) => `${username}-password`;
