// `npm run test:docker`: the rendered Compose project under a Docker engine of its own, in namespaces of its own: started by the quick
// start of docs/on-premises.md, looked at from outside, killed, restored, updated. Needs root and Linux. docs/on-premises.md tells what it
// proves.
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { ROOT } from '../../bootstrap/root.mjs';
import { findClient } from '../../ops/backup/postgres-client.ts';
import { CACHE, cached } from '../machine/cache.ts';
import { must, run } from '../machine/process.ts';
import { close } from '../machine/report.ts';
import { runInside } from '../machine/sandbox.ts';
import type { Job } from './inside.ts';

/** What the images install: provisioning/compose/Dockerfile. In the base already, because nothing is fetched in the namespaces. */
const PACKAGES = 'ca-certificates,tini,mosquitto,python3-minimal,python3-psycopg2,postgresql-17,nginx-light';
const BUILD_MS = 6 * 60_000;
const ALL_MS = 20 * 60_000;

const options = new Command('npm run test:docker --')
  .option('--only <names...>', 'after the start, only the checks whose names begin so')
  .option('--json <file>', 'write the results to a file')
  .parse()
  .opts<{ only?: string[]; json?: string }>();

if (process.getuid?.() !== 0 || spawnSync('dockerd', ['--version']).status !== 0) {
  console.log(
    'SKIPPED: test:docker needs root and the program dockerd (Debian: docker.io). NOTHING WAS TESTED.\n\n0 passed, 0 failed, 1 skipped',
  );
  process.exit(0);
}
mkdirSync(join(CACHE, 'run'), { recursive: true });
const base = await cached('docker-base', { PACKAGES }, async (folder) => {
  console.log('building the base image (first run only, about two minutes)');
  const paths = ['doc', 'locale', 'man'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`);
  const args = ['--quiet', '--variant=minbase', `--include=${PACKAGES}`, ...paths, 'trixie', join(folder, 'base.tar')];
  await must('mmdebstrap', args, { timeoutMs: BUILD_MS });
});
// Out here, where packages can be fetched and the dashboard is built once.
const client = await findClient(17);
const folder = join(CACHE, `docker-${process.pid}`);
mkdirSync(folder);
const timer = setTimeout(() => {
  console.log(`\nnot done after ${ALL_MS / 60_000} minutes`);
  process.exit(1);
}, ALL_MS);
try {
  await must(process.execPath, ['ops/main.ts', 'render', 'compose', '--out', join(folder, 'project')], {
    cwd: ROOT,
    timeoutMs: BUILD_MS,
  });
  const job: Job = { folder, base: join(base, 'base.tar'), postgresClient: client.folder, only: options.only };
  const outcomes = await runInside('../docker/inside.ts', job, () => {});
  process.exitCode = close(outcomes, options.json);
} finally {
  clearTimeout(timer);
  await must('rm', ['-rf', folder]);
  // Docker's control groups of the version 1 hierarchies, which are all empty now.
  for (const group of globSync(`/sys/fs/cgroup/*/mqtt-saas-machine-${process.pid}-*`))
    await run('find', [group, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', '+']);
}
