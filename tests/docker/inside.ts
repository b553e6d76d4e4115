// Inside the namespaces: makes the host, starts the engine and the project on it, and runs the checks. Started by main.ts only.
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { ROOT } from '../../bootstrap/root.mjs';
import { composeTarget } from '../../ops/target/compose.ts';
import { must } from '../machine/process.ts';
import { measure, type Outcome } from '../machine/report.ts';
import type { Inside, News } from '../machine/sandbox.ts';
import { CHECKS } from './checks.ts';
import { Engine, makeHost, SSH_PORT } from './engine.ts';
import { makeFailing } from './failing.ts';
import { quickStart } from './quick-start.ts';

/** What main.ts prepares. */
export interface Job {
  /** For everything that the test makes; the rendered project is in it. */
  folder: string;
  /** The base image, as an archive of its file system. */
  base: string;
  /** Folder of Postgres' client programs. */
  postgresClient: string;
  only?: string[] | undefined;
}

const job = JSON.parse(process.argv[2] ?? '{}') as Job & Inside;
const outcomes: Outcome[] = [];
const note = async (group: string, name: string, act: () => Promise<string | undefined>) => {
  outcomes.push(await measure(group, name, act));
};
process.chdir(ROOT);
await makeHost(job.folder);
// Where the host's own SSH would be.
createServer().listen(SSH_PORT, '0.0.0.0');
mkdirSync(join(job.folder, 'engine'));
const engine = new Engine(join(job.folder, 'engine'), job.group);
const failing = makeFailing(join(job.folder, 'failing'), job.postgresClient);
await note('start', 'the engine starts', async () => {
  await engine.start();
  await must('docker', ['import', job.base, 'base:trixie'], { timeoutMs: 120_000 });
  return (await must('docker', ['version', '--format', '{{.Server.Version}}'])).trim();
});
const project = join(job.folder, 'project');
const target = composeTarget(`compose:${project}`);
await note('start', 'the quick start of docs/on-premises.md', () => quickStart(project));
if (outcomes.every(({ passed }) => passed)) {
  for (const [group, name, check] of CHECKS) {
    if (job.only && !job.only.some((only) => name.startsWith(only) || group === only)) continue;
    await note(group, name, () => check({ engine, target, failing }));
  }
} else console.log(readFileSync(join(job.folder, 'engine/dockerd.log'), 'utf8').slice(-2000));
process.send?.({ outcomes } satisfies News);
process.disconnect();
process.exit();
