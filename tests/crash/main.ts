// `npm run test:crash`: cuts the power of the booted broker machine at random moments and boots what is on its disks then.
// Needs root and Linux. docs/machine.md tells what it proves.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { CACHE } from '../machine/cache.ts';
import { packagesOf, renderUserData } from '../machine/environment.ts';
import { close } from '../machine/report.ts';
import { ensureImage, SUITES, type Suite } from '../machine/rootfs.ts';
import { runInside } from '../machine/sandbox.ts';
import { ensureTools } from '../machine/tools.ts';
import type { CrashJob } from './inside.ts';
import { SCENES } from './scenes.ts';

const NAMES = ['first-boot', ...Object.keys(SCENES), 'harmed'];

interface Options {
  suite: Suite;
  images?: string;
  only?: string[];
  json?: string;
}

const program = new Command('npm run test:crash --')
  .option('--suite <name>', `Debian release to boot: ${SUITES.join(' or ')}`, 'bookworm')
  .option('--only <names...>', `only these scenes: ${NAMES.join(', ')}`)
  .option('--images <number>', 'images of each scene (default: 62 in all)')
  .option('--json <file>', 'write the results to a file')
  .action(async ({ suite, only, images, json }: Options) => {
    if (process.getuid?.() !== 0) throw new Error('namespaces and loop devices need root: run it with sudo');
    const unknown = only?.find((name) => !NAMES.includes(name));
    if (unknown) throw new Error(`--only ${unknown}: it must be one of ${NAMES.join(', ')}`);
    if (images !== undefined && !/^[1-9]\d?$/.test(images)) throw new Error(`--images ${images}: it must be 1 to 99`);
    const say = (text: string) => console.log(text);
    mkdirSync(join(CACHE, 'run'), { recursive: true });
    const image = await ensureImage(suite, packagesOf(renderUserData()), say, { withScanner: false });
    const tools = await ensureTools(say);
    const job: CrashJob = {
      image,
      tools,
      options: { suite },
      scenes: only,
      images: images ? Number(images) : undefined,
    };
    process.exitCode = close(await runInside('../crash/inside.ts', job, () => {}), json);
  });
await program.parseAsync().catch((error: Error) => {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
});
