// Broker and database refuse, or should not, to run as root: as root they get an unprivileged user and a folder it can
// reach; an ordinary user runs them as itself, inside the checkout.
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../bootstrap/root.mjs';

/** A user to run as. */
export interface User {
  uid: number;
  gid: number;
}

/** `nobody`, with the same numbers on every Debian and Ubuntu. */
const NOBODY: User = { uid: 65_534, gid: 65_534 };

/** The user that broker and database run as: `nobody` when this process is root, else undefined (this process' user). */
export const SERVICE_USER: User | undefined = process.getuid?.() === 0 ? NOBODY : undefined;

/**
 * The folder that holds the local platforms' data. As root it lies outside the checkout, which may be in a home folder
 * that nobody else may enter; its name keeps two checkouts apart.
 */
export function dataRoot(): string {
  if (!SERVICE_USER) return join(ROOT, '.local');
  return join('/var/lib/mqtt-saas', createHash('sha256').update(ROOT).digest('hex').slice(0, 12));
}

/** Makes a folder that only the service user may enter. */
export function makeServiceDir(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o755 });
  giveToService(path);
  return path;
}

/** Hands a file or folder to the user that the services run as. */
export function giveToService(path: string): void {
  if (SERVICE_USER) chownSync(path, SERVICE_USER.uid, SERVICE_USER.gid);
}

/** A new temporary folder that the service user may pass through. Remove it when done. */
export function makeScratchDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'mqtt-saas-'));
  chmodSync(dir, 0o711);
  return dir;
}
