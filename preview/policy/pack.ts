// Runs a CrossGuard policy pack the way Pulumi's engine does: the SDK's own runner in a child process, driven over
// pulumirpc.Analyzer. A pack that cannot start and a rule that crashes are errors, never a pass.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { credentials, type ServiceError } from '@grpc/grpc-js';
import rpc from '@pulumi/pulumi/proto/analyzer_grpc_pb.js';
import type * as types from '@pulumi/pulumi/proto/analyzer_pb.js';
import messages from '@pulumi/pulumi/proto/analyzer_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import { parse } from 'yaml';
import { type Child, startNode } from '../children.ts';
import { withoutStack } from '../engine/log.ts';
import { type Resource, toWire } from '../engine/resource.ts';
import { nameOf, typeOf } from '../engine/urn.ts';
import { ORGANIZATION } from '../program.ts';
import type { Project } from '../project.ts';
import { Refusal } from '../refusal.ts';
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
  /** What policies set to `remediate` mended. The plan has it, the program does not know. */
  remedies: Remedy[];
  /** What the pack printed by itself, such as a list of its exceptions. */
  output: string;
}

/** A policy has changed a resource's inputs. */
export interface Remedy {
  policy: string;
  urn: string;
}

/** The pack did not do its work, so nothing is known about the resources. */
export class PackFailure extends Error {
  override name = 'PackFailure';
}

/** A pack at work; resources may be submitted while it is still starting. */
export interface PolicyRun {
  submit(resource: Resource): void;
  /** Judges the stack as a whole and waits for everything. @throws PackFailure */
  finish(): Promise<PolicyReport>;
  stop(): Promise<void>;
}

/** The engine's address, which the pack's runner takes as first argument and never uses. */
const NO_ENGINE = '127.0.0.1:0';
/** A pack that is not listening by then, or a rule that takes as long, hangs. */
const PATIENCE_MS = 60_000;

/** @param config of its policies. @throws Refusal when `folder` holds no policy pack for Node. */
export function startPack(
  folder: string,
  project: Project,
  resources: ReadonlyMap<string, Resource>,
  config: GivenConfig = {},
): PolicyRun {
  const { version } = readManifest(folder);
  const around: Surroundings = { project, resources };
  const { child, port } = spawnPack(folder, project);
  const ready = port.then((number) => connect(number, project, config));
  const answers: Promise<Violation[]>[] = [];
  const remedies: Remedy[] = [];
  const explain = (error: unknown) => new PackFailure(`The policy pack in ${folder} failed: ${reason(error, child)}`);
  /** Rejections are dealt with in finish(); until then they must not count as unhandled. */
  const queue = (answer: Promise<Violation[]>) => {
    answer.catch(() => {});
    answers.push(answer);
  };
  queue(ready.then(() => []));
  return {
    submit(resource) {
      // What is only read is not analysed by the engine either; a stack rule sees its outputs.
      if (resource.options.read !== undefined) return;
      const request = analyzeRequest(resource, around);
      queue(
        ready.then(async ({ client, fixes, mends }) => {
          if (mends) remedies.push(...(await remediate(client, request, resource)));
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
    async stop() {
      ready.then(({ client }) => client.close()).catch(() => {});
      child.process.kill();
      await child.exited;
    },
  };
}

function readManifest(folder: string): { version?: string } {
  const path = join(folder, 'PulumiPolicy.yaml');
  if (!existsSync(path)) {
    throw new Refusal(
      `There is no policy pack in ${folder}: PulumiPolicy.yaml does not exist. ` +
        'Name another folder by --policy-pack, or say --no-policies to go without.',
    );
  }
  const manifest = parse(readFileSync(path, 'utf8')) as {
    runtime?: string | { name?: string };
    version?: string;
  } | null;
  const runtime = typeof manifest?.runtime === 'string' ? manifest.runtime : manifest?.runtime?.name;
  if (runtime !== 'nodejs') throw new Refusal(`${path}: runtime is not nodejs; only that can be run.`);
  return { version: manifest?.version };
}

/** The pack's runner prints the port it listens on, and nothing else is promised about its output. */
function spawnPack(folder: string, project: Project): { child: Child; port: Promise<number> } {
  let found: (port: number) => void;
  let first = '';
  const port = new Promise<number>((resolve) => {
    found = resolve;
  });
  const child = startNode('cmd/run-policy-pack/index.js', [NO_ENGINE, '.'], {
    folder,
    env: {
      PULUMI_CONFIG: JSON.stringify(project.config),
      ...placeVariables('PULUMI_', project),
      ...placeVariables('PULUMI_NODEJS_', project),
    },
    onStdout: (chunk) => {
      first += chunk;
      const line = /^(\d+)\r?\n/m.exec(first);
      if (line) found(Number(line[1]));
    },
  });
  const died = child.exited.then((code) => {
    throw new Error(`it ended with exit code ${code} before it had started`);
  });
  return { child, port: within(PATIENCE_MS, 'start', Promise.race([port, died])) };
}

function placeVariables(prefix: string, { name, stack }: Project): Record<string, string> {
  const values = { ORGANIZATION, PROJECT: name, STACK: stack, DRY_RUN: 'true' };
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [prefix + key, value]));
}

type AnalyzerClient = InstanceType<typeof rpc.AnalyzerClient>;

/** Asks and configures a pack as the engine does before its first resource. */
async function connect(port: number, project: Project, config: GivenConfig) {
  const client = new rpc.AnalyzerClient(`127.0.0.1:${port}`, credentials.createInsecure());
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
  const mends = levels.includes(messages.EnforcementLevel.REMEDIATE);
  const fixes = new Map(info.getPoliciesList().map((policy) => [policy.getName(), policy.getRemediationSteps()]));
  return { client, info, fixes, policies, mends };
}

/** Has policies mend the resource before it is judged, as the engine does. @returns what they did. */
async function remediate(client: AnalyzerClient, request: types.AnalyzeRequest, resource: Resource): Promise<Remedy[]> {
  const response = await call<types.RemediateResponse>(client, 'remediate', request);
  return response.getRemediationsList().flatMap((remediation): Remedy[] => {
    const mended = remediation.getProperties();
    if (!mended || remediation.getDiagnostic() !== '') return [];
    request.setProperties(mended);
    resource.inputs = toWire(mended);
    return [{ policy: remediation.getPolicyname(), urn: resource.urn }];
  });
}

const describeRemedy = ({ policy, urn }: Remedy) =>
  `mended by ${policy}: ${typeOf(urn).split(':').at(-1)} ${nameOf(urn)}`;

type Method = 'analyze' | 'analyzeStack' | 'configure' | 'configureStack' | 'getAnalyzerInfo' | 'remediate';

function call<Response = types.AnalyzeResponse>(client: AnalyzerClient, method: Method, request: object) {
  const invoke = client[method].bind(client) as unknown as (
    request: object,
    options: { deadline: number },
    done: (error: ServiceError | null, response: Response) => void,
  ) => void;
  return new Promise<Response>((resolve, reject) => {
    invoke(request, { deadline: Date.now() + PATIENCE_MS }, (error, response) =>
      error ? reject(error) : resolve(response),
    );
  });
}

/** @param urn of the resource asked about; a rule may name another. */
function judge(response: types.AnalyzeResponse, urn: string, fixes: Map<string, string>): Violation[] {
  return response.getDiagnosticsList().map((diagnostic) => toViolation(diagnostic, urn, fixes));
}

function byImportance(a: Violation, b: Violation): number {
  const key = ({ level, urn, policy, message }: Violation) =>
    [level === 'mandatory' ? 0 : 1, urn, policy, message].join('\0');
  return key(a) < key(b) ? -1 : 1;
}

/** grpc puts a rule's error, with its stack, into `details`; what the child printed explains a pack that ended. */
function reason(error: unknown, child: Child): string {
  const { details, message } = error as ServiceError;
  const text = withoutStack(details ?? message);
  const printed = child.process.exitCode !== null ? child.output().trim() : '';
  return printed ? `${text}\n${withoutStack(printed)}` : text;
}

async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not ${what} within ${ms / 1000} s`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
