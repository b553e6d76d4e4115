// The scanners that are not Debian packages of a usable version: in a Python environment in the cache.
import { join } from 'node:path';
import { cached } from './cache.ts';
import { must } from './process.ts';

/** Pinned: a newer scanner may ask for more, which is then a change made on purpose. */
const REQUIREMENTS = ['sslyze==6.3.1', 'ssh-audit==3.9.0'];

/** Paths of the programs. */
export interface Tools {
  sslyze: string;
  sshAudit: string;
}

/** Installs the scanners, about ten seconds, or finds them in the cache. */
export async function ensureTools(say: (text: string) => void): Promise<Tools> {
  const folder = await cached('tools', REQUIREMENTS, async (beside) => {
    say('installing the scanners (first run only)');
    // Not `venv`, whose scripts hold the folder's name at the time: these are run as modules of a plain folder.
    await must('/usr/bin/python3', ['-m', 'venv', join(beside, 'venv')]);
    await must(
      join(beside, 'venv/bin/python'),
      ['-m', 'pip', 'install', '--quiet', '--target', join(beside, 'lib'), ...REQUIREMENTS],
      {
        timeoutMs: 180_000,
      },
    );
  });
  const program = (module: string) => `env PYTHONPATH=${join(folder, 'lib')} /usr/bin/python3 -m ${module}`;
  return { sslyze: program('sslyze'), sshAudit: program('ssh_audit') };
}
