// `npm run test:first-start`: what a newcomer does, on a bare Debian with an old Node and an empty npm cache. Needs root.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { ROOT } from '../../bootstrap/root.mjs';
import { ensureRoot, makePlace, type Place, type ScriptOptions } from './place.ts';

const SCENARIO = readFileSync(join(import.meta.dirname, 'scenario.sh'), 'utf8');
const MINUTES = 60_000;

/** What is done in a place, one after the other: each a claim of the README. */
interface Step extends ScriptOptions {
  title: string;
  /** The checkout's folder. */
  in: string;
  /** Before: a shell command. */
  before: string;
  scripts?: string[];
}

const options = new Command('npm run test:first-start --')
  .description('Starts the platform from a clean clone of the last commit, on a bare Debian.')
  .option('--tests', 'also run `npm test` there, as root and as the user; takes twice as long as it does here')
  .option('--keep', 'leave the places in the cache folder, to look at')
  .parse()
  .opts<{ tests?: true; keep?: true }>();

/** The same for everybody. @param home their folder, of mode 0700 */
function stepsOf(who: string, home: string, user?: 'ann'): Step[] {
  const second = `${home}/second`;
  const common = { ...(user && { user }), in: second, before: 'true' };
  return [
    {
      ...common,
      title: `${who}, in a checkout under ${home} (0700), empty npm cache`,
      in: `${home}/first`,
      before: `cp -r /checkout ${home}/first`,
      timeoutMs: 15 * MINUTES,
    },
    {
      ...common,
      title: `${who}, a second clone after the first is deleted`,
      before: `rm -rf ${home}/first && cp -r /checkout ${second}`,
      timeoutMs: 15 * MINUTES,
    },
    {
      ...common,
      title: `${who}, a second start without any network`,
      network: false,
      timeoutMs: 5 * MINUTES,
    },
    ...(options.tests ? [{ ...common, title: `${who}, npm test`, scripts: ['test'], timeoutMs: 90 * MINUTES }] : []),
  ];
}

if (process.getuid?.() !== 0) throw new Error('mounts need root: run it with sudo');
const root = await ensureRoot();
let failed = 0;
for (const steps of [stepsOf('root', '/root'), stepsOf('an ordinary user with sudo', '/home/ann', 'ann')]) {
  const place = await makePlace(root, ROOT);
  try {
    for (const step of steps) await take(step, place);
  } finally {
    if (!options.keep) place.remove();
  }
}
console.log(failed === 0 ? '\ntest:first-start: all passed' : `\ntest:first-start: ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** After a failed one, the others are still tried. */
async function take({ title, in: folder, before, scripts = [], ...how }: Step, place: Place): Promise<void> {
  console.log(`\n${title}`);
  const script = `${before}\ncd ${folder}\nset -- ${scripts.join(' ')}\n${SCENARIO}`;
  const code = await place.run(script, how);
  console.log(code === 0 ? '✓ passed' : `✗ failed (exit code ${code})`);
  if (code !== 0) failed += 1;
}
