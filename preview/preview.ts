// A preview without an account, an engine binary, a network or secrets: runs the program and the policy pack in parallel,
// creates the plan, and compares it with the committed snapshot.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Diff } from './change.ts';
import { diffPlans } from './diff.ts';
import { type Engine, startEngine } from './engine/engine.ts';
import { type LogEntry, withoutStack } from './engine/log.ts';
import type { Resource } from './engine/resource.ts';
import { formatPlan, makePlan, type Plan, readPlan } from './plan.ts';
import { readPolicyConfig } from './policy/configuration.ts';
import { type PolicyReport, type PolicyRun, startPack } from './policy/pack.ts';
import { LOGGED_ERROR, startProgram } from './program.ts';
import { readProject } from './project.ts';
import { type Scrub, scrubber } from './secrets.ts';

export interface PreviewOptions {
  stack: string;
  /** Folder that holds Pulumi.yaml. */
  root: string;
  /** Folder of the policy pack, or false for none. Default: `policies` in the root. */
  policyPack?: string | false;
  /** File that configures its policies, as Pulumi's --policy-pack-config. Default: none. */
  policyPackConfig?: string;
  /** Errors keep their stack traces. Default: false. */
  debug?: boolean;
  /** Called with the number of resources so far. */
  onProgress?: (resources: number) => void;
}

export interface Preview {
  stack: string;
  project: string;
  plan: Plan;
  diff: Diff;
  /** Where the snapshot is or would be, absolute. */
  snapshotPath: string;
  hasSnapshot: boolean;
  /** Undefined when no pack was requested. */
  policies?: PolicyReport;
  /** Messages that the program logged through Pulumi. */
  log: LogEntry[];
  /** The program's own output. */
  programOutput: string;
  /** Configuration keys whose encrypted values were not decrypted. */
  unreadableKeys: string[];
  /** Provider functions whose results are unknown offline. */
  unanswered: string[];
}

/** The program itself failed; the message is for the program's author. */
export class ProgramFailure extends Error {
  override name = 'ProgramFailure';
}

/**
 * @throws Refusal when the arguments or files are invalid, ProgramFailure when the program fails, PackFailure when the policy
 * pack fails.
 */
export async function preview(options: PreviewOptions): Promise<Preview> {
  const root = resolve(options.root);
  const project = readProject(root, options.stack);
  const pack = options.policyPack ?? join(root, 'policies');
  // The pack starts first: it takes longest to start, and it judges resources while the program runs.
  const resources = new Map<string, Resource>();
  const config = options.policyPackConfig === undefined ? {} : readPolicyConfig(options.policyPackConfig);
  const policies = pack === false ? undefined : startPack(resolve(root, pack), project, resources, config);
  let engine: Engine | undefined;
  try {
    engine = await startEngine(project, resources, (resource) => {
      policies?.submit(resource);
      options.onProgress?.(resources.size);
    });
    const program = startProgram(project, engine.address, options.debug ?? false);
    const code = await program.exited;
    const scrub = scrubber(project, resources.values());
    if (code !== 0) throw new ProgramFailure(scrub(explainFailure(code, engine.log, program.output(), options)));
    const report = await finishPolicies(policies, scrub);
    const plan = makePlan(resources.values(), { root, scrub });
    const snapshotPath = snapshotOf(root, project.stack);
    const snapshot = readPlan(snapshotPath);
    return {
      stack: project.stack,
      project: project.name,
      plan,
      diff: diffPlans(snapshot ?? [], plan, { stack: project.stack, project: project.name }),
      snapshotPath,
      hasSnapshot: snapshot !== undefined,
      ...(report ? { policies: report } : {}),
      log: engine.log.map((entry) => ({ ...entry, message: scrub(entry.message) })),
      programOutput: scrub(program.output().trim()),
      unreadableKeys: project.unreadableKeys,
      unanswered: [...engine.unanswered].sort(),
    };
  } finally {
    engine?.close();
    await policies?.stop();
  }
}

function snapshotOf(root: string, stack: string): string {
  return join(root, 'stacks/snapshots', `${stack}.json`);
}

/** Writes the plan as the snapshot that later previews are compared with. */
export function writeSnapshot({ snapshotPath, plan }: Preview): void {
  mkdirSync(dirname(snapshotPath), { recursive: true });
  writeFileSync(snapshotPath, formatPlan(plan));
}

/** Policies see secrets in plain text, so their messages are scrubbed too. */
async function finishPolicies(run: PolicyRun | undefined, scrub: Scrub): Promise<PolicyReport | undefined> {
  if (!run) return undefined;
  try {
    const report = await run.finish();
    const violations = report.violations.map((violation) => ({ ...violation, message: scrub(violation.message) }));
    return { ...report, violations, output: scrub(report.output) };
  } catch (error) {
    (error as Error).message = scrub((error as Error).message);
    throw error;
  }
}

function explainFailure(code: number, log: LogEntry[], output: string, { debug }: PreviewOptions): string {
  const errors = log.filter(({ severity }) => severity === 'error').map(({ message }) => message);
  const said = errors.length > 0 ? errors : [output || `the program exited with code ${code} and no output`];
  // The SDK reports a failure once for each resource that depends on it.
  const texts = new Set(said.map((message) => (debug ? message : withoutStack(message))));
  if (code !== LOGGED_ERROR && errors.length > 0 && output) texts.add(debug ? output : withoutStack(output));
  return [...texts].join('\n');
}
