// A policy pack in a process of its own, under the SDK's own runner, and the questions of pulumirpc.Analyzer to it.
import { credentials, type ServiceError } from '@grpc/grpc-js';
import rpc from '@pulumi/pulumi/proto/analyzer_grpc_pb.js';
import type * as types from '@pulumi/pulumi/proto/analyzer_pb.js';
import { type Child, startNode } from '../children.ts';
import { ORGANIZATION } from '../program.ts';
import type { Project } from '../project.ts';

/** A pack's process. */
export interface Analyzer {
  child: Child;
  /** Once it listens. */
  client: Promise<AnalyzerClient>;
  stop(): Promise<void>;
}

export type AnalyzerClient = InstanceType<typeof rpc.AnalyzerClient>;

/** What the pack is told of the program. */
type Place = Pick<Project, 'name' | 'stack' | 'config'>;

/** The engine's address: the pack's runner requires it as first argument and never uses it. */
const NO_ENGINE = '127.0.0.1:0';
/** Time limit for the pack to start listening and for each call. */
const TIMEOUT_MS = 60_000;

/** Starts it. The pack's runner prints the port it listens on; nothing else about its output is guaranteed. */
export function startAnalyzer(folder: string, project: Place): Analyzer {
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
    throw new Error(`it exited with code ${code} before it had started`);
  });
  const client = within(TIMEOUT_MS, 'start', Promise.race([port, died])).then(
    (number) => new rpc.AnalyzerClient(`127.0.0.1:${number}`, credentials.createInsecure()),
  );
  return {
    child,
    client,
    stop: async () => {
      client.then((open) => open.close()).catch(() => {});
      child.process.kill();
      await child.exited;
    },
  };
}

function placeVariables(prefix: string, { name, stack }: Place): Record<string, string> {
  const values = { ORGANIZATION, PROJECT: name, STACK: stack, DRY_RUN: 'true' };
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [prefix + key, value]));
}

type Method = 'analyze' | 'analyzeStack' | 'configure' | 'configureStack' | 'getAnalyzerInfo' | 'remediate';

/** Asks one question. @throws ServiceError from the pack, or when it takes too long. */
export function call<Response = types.AnalyzeResponse>(client: AnalyzerClient, method: Method, request: object) {
  const invoke = client[method].bind(client) as unknown as (
    request: object,
    options: { deadline: number },
    done: (error: ServiceError | null, response: Response) => void,
  ) => void;
  return new Promise<Response>((resolve, reject) => {
    invoke(request, { deadline: Date.now() + TIMEOUT_MS }, (error, response) =>
      error ? reject(error) : resolve(response),
    );
  });
}

async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not ${what} within ${ms / 1000} s`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
