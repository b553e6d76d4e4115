// Runs a CrossGuard policy pack over a plan the way Pulumi's engine does. A pack that cannot start or a rule that crashes is an error, never a pass.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceError } from '@grpc/grpc-js';
import type * as types from '@pulumi/pulumi/proto/analyzer_pb.js';
import messages from '@pulumi/pulumi/proto/analyzer_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import { parse } from 'yaml';
import type { Child } from '../children.ts';
import { withoutStack } from '../engine/log.ts';
import { type Resource, toWire } from '../engine/resource.ts';
import { nameOf, typeOf } from '../engine/urn.ts';
import { ORGANIZATION } from '../program.ts';
import type { Project } from '../project.ts';
import { Refusal } from '../refusal.ts';
import { type AnalyzerClient, call, startAnalyzer } from './analyzer.ts';
import { configureRequest, type GivenConfig } from './configuration.ts';
import { analyzeRequest, analyzeStackRequest, type Surroundings } from './requests.ts';
import { toViolation, type Violation } from './violation.ts';

export interface PolicyReport {
  pack: string;
  version: string;
  /** Policies that are not disabled. */
  policies: number;
  /** Mandatory first, then by resource and policy. */
  violations: Violation[];
  /** Changes by policies set to `remediate`. The plan includes them; the program does not see them. */
  remedies: Remedy[];
  /** Output of the pack, such as its list of exceptions. */
  output: string;
}

/** A policy has changed a resource's inputs. */
export interface Remedy {
  policy: string;
  urn: string;
}

/** The pack failed, so the resources were not judged. */
export class PackFailure extends Error {
  override name = 'PackFailure';
}

/** A running pack; resources may be submitted while it is still starting. */
export interface PolicyRun {
  submit(resource: Resource): void;
  /** Judges the stack as a whole and waits for everything. @throws PackFailure */
  finish(): Promise<PolicyReport>;
  stop(): Promise<void>;
}

/** @param config of its policies. @throws Refusal when `folder` holds no policy pack for Node. */
export function startPack(
  folder: string,
  project: Project,
  resources: ReadonlyMap<string, Resource>,
  config: GivenConfig = {},
): PolicyRun {
  const { version } = readManifest(folder);
  const around: Surroundings = { project, resources };
  const analyzer = startAnalyzer(folder, project);
  const { child } = analyzer;
  const ready = analyzer.client.then((client) => prepare(client, project, config));
  const answers: Promise<Violation[]>[] = [];
  const remedies: Remedy[] = [];
  const explain = (error: unknown) => new PackFailure(`The policy pack in ${folder} failed: ${reason(error, child)}`);
  /** finish() handles rejections; until then they must not count as unhandled. */
  const queue = (answer: Promise<Violation[]>) => {
    answer.catch(() => {});
    answers.push(answer);
  };
  queue(ready.then(() => []));
  return {
    submit(resource) {
      // The engine does not analyse resources that are only read either; a stack rule sees their outputs.
      if (resource.options.read !== undefined) return;
      const request = analyzeRequest(resource, around);
      queue(
        ready.then(async ({ client, fixes, remediates }) => {
          if (remediates) remedies.push(...(await remediate(client, request, resource)));
          return judge(await call(client, 'analyze', request), resource.urn, fixes);
        }),
      );
    },
    async finish() {
      try {
        const { client, info, fixes, policies } = await ready;
        const stack = [...resources.values()].find(({ parent }) => parent === '')?.urn ?? '';
        const alone = (await Promise.all(answers)).flat();
        const whole = await call(client, 'analyzeStack', analyzeStackRequest(around));
        const violations = [...alone, ...judge(whole, stack, fixes)];
        return {
          pack: info.getName(),
          version: version ?? info.getVersion(),
          policies,
          violations: violations.toSorted(byImportance),
          remedies: remedies.toSorted((a, b) => (`${a.urn} ${a.policy}` < `${b.urn} ${b.policy}` ? -1 : 1)),
          output: [
            ...remedies.map(describeRemedy).toSorted(),
            child
              .output()
              .replace(/^\d+\r?\n/m, '')
              .trim(),
          ]
            .filter(Boolean)
            .join('\n'),
        };
      } catch (error) {
        if (error instanceof Refusal) throw error;
        throw explain(error);
      }
    },
    stop: analyzer.stop,
  };
}

function readManifest(folder: string): { version?: string } {
  const path = join(folder, 'PulumiPolicy.yaml');
  if (!existsSync(path)) {
    throw new Refusal(
      `There is no policy pack in ${folder}: PulumiPolicy.yaml does not exist. ` +
        'Use --policy-pack to name another folder, or --no-policies to run without one.',
    );
  }
  const manifest = parse(readFileSync(path, 'utf8')) as {
    runtime?: string | { name?: string };
    version?: string;
  } | null;
  const runtime = typeof manifest?.runtime === 'string' ? manifest.runtime : manifest?.runtime?.name;
  if (runtime !== 'nodejs') throw new Refusal(`${path}: runtime is not nodejs; only Node policy packs can be run.`);
  return { version: manifest?.version };
}

/** Queries and configures a pack as the engine does before the first resource. */
async function prepare(client: AnalyzerClient, project: Project, config: GivenConfig) {
  const place = new messages.AnalyzerStackConfigureRequest()
    .setStack(project.stack)
    .setProject(project.name)
    .setOrganization(ORGANIZATION)
    .setDryRun(true)
    .setConfigSecretKeysList(project.secretKeys);
  for (const [key, value] of Object.entries(project.config)) place.getConfigMap().set(key, value);
  await call(client, 'configureStack', place);
  const info = await call<types.AnalyzerInfo>(client, 'getAnalyzerInfo', new empty.Empty());
  const request = await configureRequest(info, config);
  await call(client, 'configure', request);
  const levels: types.EnforcementLevel[] = [];
  request.getPolicyconfigMap().forEach((config) => {
    levels.push(config.getEnforcementlevel());
  });
  const policies = levels.filter((level) => level !== messages.EnforcementLevel.DISABLED).length;
  const remediates = levels.includes(messages.EnforcementLevel.REMEDIATE);
  const fixes = new Map(info.getPoliciesList().map((policy) => [policy.getName(), policy.getRemediationSteps()]));
  return { client, info, fixes, policies, remediates };
}

/** Lets policies change the resource before it is judged, as the engine does. @returns their changes. */
async function remediate(client: AnalyzerClient, request: types.AnalyzeRequest, resource: Resource): Promise<Remedy[]> {
  const response = await call<types.RemediateResponse>(client, 'remediate', request);
  return response.getRemediationsList().flatMap((remediation): Remedy[] => {
    const remediated = remediation.getProperties();
    if (!remediated || remediation.getDiagnostic() !== '') return [];
    request.setProperties(remediated);
    resource.inputs = toWire(remediated);
    return [{ policy: remediation.getPolicyname(), urn: resource.urn }];
  });
}

const describeRemedy = ({ policy, urn }: Remedy) =>
  `changed by ${policy}: ${typeOf(urn).split(':').at(-1)} ${nameOf(urn)}`;

/** @param urn of the judged resource; a rule may name another. */
function judge(response: types.AnalyzeResponse, urn: string, fixes: Map<string, string>): Violation[] {
  return response.getDiagnosticsList().map((diagnostic) => toViolation(diagnostic, urn, fixes));
}

function byImportance(a: Violation, b: Violation): number {
  const key = ({ level, urn, policy, message }: Violation) =>
    [level === 'mandatory' ? 0 : 1, urn, policy, message].join('\0');
  return key(a) < key(b) ? -1 : 1;
}

/** gRPC puts a rule's error and its stack into `details`; the child's output explains why a pack exited. */
function reason(error: unknown, child: Child): string {
  const { details, message } = error as ServiceError;
  const text = withoutStack(details ?? message);
  const printed = child.process.exitCode !== null ? child.output().trim() : '';
  return printed ? `${text}\n${withoutStack(printed)}` : text;
}
