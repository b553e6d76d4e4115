// `npm run test:machine`: boots the broker machine's exact user data in namespaces of its own and looks at it from
// outside and inside. Needs root (or password-less sudo for the packages) and Linux. docs/machine.md tells what it proves.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { renderHost } from '../../provisioning/compose/host/render.ts';
import { CACHE } from './cache.ts';
import { packagesOf, renderUserData } from './environment.ts';
import { renderFormer } from './former.ts';
import type { Job, Options } from './job.ts';
import { PARTS, type Part } from './plan.ts';
import { HOST } from './proxmox/host.ts';
import { close, type Outcome } from './report.ts';
import { ensureImage, SUITES } from './rootfs.ts';
import { runInside } from './sandbox.ts';
import { ensureTools } from './tools.ts';

const program = new Command('npm run test:machine --')
  .option('--suite <name>', `Debian release to boot: ${SUITES.join(' or ')}`, 'bookworm')
  .option(
    '--only <names...>',
    'run only these files of tests/machine/checks; `proxmox` alone boots the machine of that profile',
  )
  .option('--keep', 'keep the machine up and print how to enter it, until Ctrl-C')
  .option('--from <commit>', 'boot the machine of an earlier commit, and give it today’s bundle first')
  .option('--json <file>', 'write the results to a file')
  .action(async ({ from, ...given }: Options) => {
    const options = from ? { ...given, only: ['upgrade', ...(given.only ?? [])] } : given;
    if (process.getuid?.() !== 0) throw new Error('namespaces and loop devices need root: run it with sudo');
    if (!SUITES.includes(options.suite)) throw new Error(`--suite ${options.suite}: it must be ${SUITES.join(' or ')}`);
    const say = (text: string) => console.log(text);
    mkdirSync(join(CACHE, 'run'), { recursive: true });
    if (String(options.only) === 'proxmox') {
      process.exitCode = close(await runProxmox(say), options.json);
      return;
    }
    const withScanner = options.only?.includes('openscap') ?? false;
    if (withScanner && options.suite !== 'bookworm')
      throw new Error('openscap has rules for Debian 12 only: --suite bookworm');
    const [image, tools] = await Promise.all([
      ensureImage(options.suite, packagesOf(renderUserData()), say, { withScanner }),
      ensureTools(say),
    ]);
    const former = from && join(CACHE, 'former.json');
    if (former) writeFileSync(former, JSON.stringify(await renderFormer(from)));
    const runPart = (part?: Part) =>
      runInside('./inside.ts', { image, tools, options, part, former } satisfies Job, (enter) => {
        const admin = enter.replace(/nsenter -t \d+ -a$/, 'ip netns exec admin bash');
        say(`\nThe machine is up. Enter it, or the admin's place, with\n  ${enter}\n  ${admin}\n`);
      });
    const isWhole = !options.keep && !options.only;
    const outcomes = await Promise.all(
      isWhole ? [...PARTS.map((part) => runPart(part)), runProxmox(say)] : [runPart()],
    );
    process.exitCode = close(outcomes.flat(), options.json);
  });

/** The Proxmox machine of docs/on-premises.md: another image, and another user data. */
async function runProxmox(say: (text: string) => void): Promise<Outcome[]> {
  const packages = packagesOf(renderHost({ ...HOST, sshPublicKey: 'ssh-ed25519 AAAA' }));
  const image = await ensureImage('trixie', packages, say, { withScanner: false });
  return runInside('./proxmox/inside.ts', { image }, () => {});
}

await program.parseAsync().catch((error: Error) => {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
});
