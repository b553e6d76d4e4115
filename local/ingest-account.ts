// Ingest's broker account on the local platform, which takes the place of stack file and vault. `ops rotate` changes it while the
// platform runs.
import { existsSync, readFileSync, renameSync, unwatchFile, watchFile, writeFileSync } from 'node:fs';
import { generateKey } from '../domain/credentials.ts';

/** The account in its generations. Holds secrets: readable by its owner only. */
export interface IngestAccount {
  /** The generation that ingest signs in with; one of `inForce`. */
  generation: number;
  /** The generations that the broker accepts. */
  inForce: number[];
  /** Key of each generation in force, and of the next one. */
  keys: Record<number, string>;
}

const LOOK_EVERY_MS = 500;

/** Reads the account; makes the first generation if the file does not exist. */
export function readIngestAccount(file: string): IngestAccount {
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
  const account: IngestAccount = { generation: 1, inForce: [1], keys: {} };
  writeIngestAccount(file, account);
  return readIngestAccount(file);
}

/** Replaces it in one step. @throws Error if ingest would use a generation that is not in force. */
export function writeIngestAccount(file: string, { generation, inForce, keys }: IngestAccount): void {
  if (!inForce.includes(generation)) {
    throw new Error(`generation ${generation} is not in force on the broker (${inForce.join(' and ')} is)`);
  }
  const kept = [...inForce, Math.max(...inForce) + 1].map((kept) => [kept, keys[kept] ?? generateKey()]);
  const account: IngestAccount = { generation, inForce, keys: Object.fromEntries(kept) };
  writeFileSync(`${file}.new`, JSON.stringify(account, null, 2), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Calls back when ingest must sign in again: with another generation, or with another one beside it. */
export function watchIngestAccount(file: string, onChange: () => void): { stop(): void } {
  const look = () => onChange();
  watchFile(file, { interval: LOOK_EVERY_MS }, look);
  return { stop: () => unwatchFile(file, look) };
}
