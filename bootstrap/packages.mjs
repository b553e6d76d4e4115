// Installs the npm packages of the lock file when they are missing or out of date.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './root.mjs';

const stamp = join(ROOT, 'node_modules/.installed-lock');

const lockHash = () =>
  createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex');

const isInstalled = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === lockHash();

/** Runs `npm ci` once per version of the lock file. @throws Error when npm fails; npm has printed why. */
export function ensurePackages() {
  if (isInstalled()) return;
  console.error('Installing npm packages (first run only, about a minute) ...');
  const result = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
  });
  if (result.status !== 0) throw new Error('npm ci failed (see above). Check the network connection and run it again.');
  writeFileSync(stamp, lockHash());
}
