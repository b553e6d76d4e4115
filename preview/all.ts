// `npm run preview:all`: previews every stack offline; in CI it also writes a report for reviewers to the run's summary.
// With PREVIEW_AGAINST=<commit>, plans are compared with that commit's snapshots instead of this checkout's.
//
//   node preview/all.ts [FOLDER]     FOLDER holds Pulumi.yaml; default: this repository
import { spawnSync } from 'node:child_process';
import { appendFileSync, readdirSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { colorsFor, NO_COLORS } from '../bootstrap/colors.ts';
import { ROOT as HERE } from '../bootstrap/root.mjs';
import { changesAnything } from './change.ts';
import { diffPlans } from './diff.ts';
import type { Plan } from './plan.ts';
import { mandatoryAmong } from './policy/violation.ts';
import { type Preview, preview } from './preview.ts';
import { renderReport } from './render/report.ts';
import { count, makeStyle } from './render/style.ts';

const ROOT = resolve(process.argv[2] ?? HERE);

const git = (...args: string[]) => spawnSync('git', ['-C', ROOT, ...args], { encoding: 'utf8', maxBuffer: 2 ** 28 });

/** @throws Error when the commit does not exist. */
function requireCommit(commit: string): void {
  if (git('rev-parse', '--verify', '--quiet', `${commit}^{commit}`).status === 0) return;
  throw new Error(`PREVIEW_AGAINST is ${commit}, which is not a commit in this clone: fetch it (fetch-depth: 2)`);
}

/** The snapshot in a commit, empty if the commit has none. */
function snapshotAt(commit: string, path: string): Plan {
  const { status, stdout } = git('show', `${commit}:./${relative(ROOT, path)}`);
  return status === 0 ? (JSON.parse(stdout) as Plan) : [];
}

/** Markdown for a job's summary: one line with the result, and the folded report. */
function summarise(result: Preview): string {
  const mandatory = mandatoryAmong(result.policies?.violations).length;
  const changed = result.diff.filter(changesAnything);
  const verdict =
    mandatory > 0 ? `❌ ${count(mandatory, 'mandatory policy violation')}` : '✅ no mandatory policy violation';
  const what = changed.length === 0 ? 'nothing changes' : changes(changed.length);
  const report = renderReport(result, makeStyle(NO_COLORS), ROOT).replaceAll('```', "'''");
  return `### Offline preview of \`${result.stack}\`: ${what}, ${verdict}\n\n<details><summary>Report</summary>\n\n\`\`\`\n${report}\`\`\`\n\n</details>\n\n`;
}

const changes = (number: number) => `${count(number, 'resource')} ${number === 1 ? 'changes' : 'change'}`;

const { PREVIEW_AGAINST, GITHUB_STEP_SUMMARY } = process.env;
const stacks = readdirSync(ROOT).flatMap((file) => /^Pulumi\.([^.]+)\.yaml$/.exec(file)?.[1] ?? []);
const style = makeStyle(colorsFor(process.stdout));
try {
  if (PREVIEW_AGAINST) requireCommit(PREVIEW_AGAINST);
  for (const stack of stacks.sort()) {
    let result = await preview({ stack, root: ROOT });
    if (PREVIEW_AGAINST) {
      const before = snapshotAt(PREVIEW_AGAINST, result.snapshotPath);
      result = { ...result, diff: diffPlans(before, result.plan, { stack, project: result.project }) };
    }
    process.stdout.write(`${renderReport(result, style, ROOT)}\n`);
    if (GITHUB_STEP_SUMMARY) appendFileSync(GITHUB_STEP_SUMMARY, summarise(result));
    if (mandatoryAmong(result.policies?.violations).length > 0) process.exitCode = 1;
  }
} catch (error) {
  console.error(`error: ${(error as Error).message}`);
  process.exitCode = 1;
}
