// The sources of the dashboard: if they are unchanged, it is neither built nor uploaded again.
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { basename, join, sep } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/** What a build, a test or a tool leaves in the dashboard's folder. The glob itself skips names that begin with a dot. */
const MADE = ['node_modules', 'out', 'next-env.d.ts', 'test-results'];

/**
 * Hash of everything that the site is built from. It is built where it is uploaded; a preview need not build it.
 * @param root folder of the checkout.
 */
export function sourcesHash(root = ROOT): string {
  const files = globSync(['package-lock.json', 'domain/*.ts', 'apps/dashboard/**/*.*'], {
    cwd: root,
    exclude: (path) => MADE.includes(basename(path)),
  }).filter((file) => !/\.test\.tsx?$/.test(file));
  const hash = createHash('sha256');
  for (const file of files.map((name) => name.split(sep).join('/')).sort()) {
    hash.update(`${file}\0`).update(readFileSync(join(root, file)));
  }
  return hash.digest('hex');
}
