// Stand-in for `npm run`: the program that the script names understands its command line, and does nothing.
import { join } from 'node:path';
import { ROOT } from '../../../../bootstrap/root.mjs';
import manifest from '../../../../package.json' with { type: 'json' };

const [run, ...rest] = process.argv.slice(2).filter((word) => word !== '--silent');
const [script = '', dashes, ...words] = rest;
const program = (manifest.scripts as Record<string, string>)[script]?.split(' ').at(-1);
if (run !== 'run' || !program || (words.length > 0 && dashes !== '--')) {
  console.error(`npm ${process.argv.slice(2).join(' ')}: is no "npm run SCRIPT -- WORDS" of package.json`);
  process.exit(2);
}
const path = join(ROOT, program);
process.argv.splice(1, process.argv.length, path, ...words);
await import('./dry.ts');
await import(path);
