// A preview without an account, an engine binary, a network or a secret: runs the program and the policy pack side by
// side, makes the plan, and compares it with the committed snapshot.
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
  /** Undefined when no pack was asked for. */
  policies?: PolicyReport;
  /** What the program logged through Pulumi. */
  log: LogEntry[];
  /** What the program printed by itself. */
  programOutput: string;
  /** Configuration keys whose encrypted values stayed closed. */
  unreadableKeys: string[];
  /** Provider functions whose answers are unknown here. */
  unanswered: string[];
}

/** The program itself failed; the message is for the program's author. */
export class ProgramFailure extends Error {
  override name = 'ProgramFailure';
}

/**
 * @throws Refusal when it cannot be made as asked, ProgramFailure when the program fails, PackFailure when the policy
 * pack does.
 */
export async function preview(options: PreviewOptions): Promise<Preview> {
  const root = resolve(options.root);
  const project = readProject(root, options.stack);
  const pack = options.policyPack ?? join(root, 'policies');
  // The pack starts first: it takes longest to be ready, and its questions come one by one while the program runs.
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

/** Makes the plan the one that later previews are compared with. */
export function writeSnapshot({ snapshotPath, plan }: Preview): void {
  mkdirSync(dirname(snapshotPath), { recursive: true });
  writeFileSync(snapshotPath, formatPlan(plan));
}

/** Policies see secrets in clear, so their words are scrubbed too. */
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
  const said = errors.length > 0 ? errors : [output || `the program ended with exit code ${code} and said nothing`];
  // The SDK reports one failure once for each resource that waited for it.
  const texts = new Set(said.map((message) => (debug ? message : withoutStack(message))));
  if (code !== LOGGED_ERROR && errors.length > 0 && output) texts.add(debug ? output : withoutStack(output));
  return [...texts].join('\n');
}
