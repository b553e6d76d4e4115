// For tests: asks a running policy pack the questions Pulumi's engine asks.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { credentials } from '@grpc/grpc-js';
import rpc from '@pulumi/pulumi/proto/analyzer_grpc_pb.js';
import type * as types from '@pulumi/pulumi/proto/analyzer_pb.js';
import messages from '@pulumi/pulumi/proto/analyzer_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import struct from 'google-protobuf/google/protobuf/struct_pb.js';
import { UNKNOWN } from '../known.ts';
import type { Resource } from '../resource.ts';
import { UNKNOWN_TEXT, urnOf } from './plan.ts';

/** The folder with PulumiPolicy.yaml: the working directory of the pack's process. */
export const PACK_FOLDER = fileURLToPath(new URL('..', import.meta.url));

/** What the engine starts in that folder: the SDK's runner, the engine's address (unused) and the pack. */
export const PACK_COMMAND = [
  fileURLToPath(import.meta.resolve('@pulumi/pulumi/cmd/run-policy-pack/index.js')),
  '127.0.0.1:0',
  '.',
];

/** A resource to ask about. Unknowns and secrets in `props` are written as on Pulumi's wire. */
export interface Submitted {
  type: string;
  name: string;
  props: Record<string, unknown>;
  /** Property dependencies, as URNs. */
  links?: Record<string, string[]>;
  /** Default: that of a resource directly under stack dev. */
  urn?: string;
  /** Outputs that a stack rule sees instead of `props`. Default: the same. */
  outputs?: Record<string, unknown>;
  /** True for what the engine does not have analysed, such as a resource that is only read. Default: false. */
  isUnanalysed?: boolean;
  /** The `protect` option. Default: false. */
  isProtected?: boolean;
}

/** One violation. */
export interface Diagnostic {
  policy: string;
  message: string;
  isMandatory: boolean;
  urn: string;
}

type Client = InstanceType<typeof rpc.AnalyzerClient>;
type Method = 'analyze' | 'analyzeStack' | 'configure' | 'getAnalyzerInfo' | 'remediate';

function call<Response>(client: Client, method: Method, request: object): Promise<Response> {
  const invoke = client[method].bind(client) as unknown as (
    request: object,
    done: (error: Error | null, response: Response) => void,
  ) => void;
  return new Promise((resolve, reject) => {
    invoke(request, (error, response) => (error ? reject(error) : resolve(response)));
  });
}

function toStruct(value: Record<string, unknown>): struct.Struct {
  return struct.Struct.fromJavaScript(value as Record<string, struct.JavaScriptValue>);
}

/** @pulumi/policy refuses a request without options, because it would come from an old engine. */
function options(isProtected = false): types.AnalyzerResourceOptions {
  const message = new messages.AnalyzerResourceOptions().setProtect(isProtected);
  return message.setCustomtimeouts(new messages.AnalyzerResourceOptions.CustomTimeouts());
}

function analyzeRequest({ type, name, props, urn = urnOf(type, name), isProtected }: Submitted): types.AnalyzeRequest {
  const request = new messages.AnalyzeRequest().setUrn(urn).setType(type).setName(name);
  return request.setProperties(toStruct(props)).setOptions(options(isProtected));
}

function diagnostics(response: types.AnalyzeResponse): Diagnostic[] {
  return response.getDiagnosticsList().map((diagnostic) => ({
    policy: diagnostic.getPolicyname(),
    message: diagnostic.getMessage(),
    isMandatory: diagnostic.getEnforcementlevel() === messages.EnforcementLevel.MANDATORY,
    urn: diagnostic.getUrn(),
  }));
}

/** A resource of a test's plan as it is submitted: what is not known is written as on the wire. */
export function submitted({ urn, type, name, props, propertyDependencies, isProtected }: Resource): Submitted {
  const text = (value: unknown): unknown => {
    if (value === UNKNOWN) return UNKNOWN_TEXT;
    if (Array.isArray(value)) return value.map(text);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    return Object.fromEntries(entries.map(([key, item]) => [key, text(item)]));
  };
  return { urn, type, name, props: text(props) as Submitted['props'], links: propertyDependencies, isProtected };
}

/** A pack that listens. */
export class PackClient {
  private readonly client: Client;

  private constructor(client: Client) {
    this.client = client;
  }

  /** Waits for the port, which is the first line the process prints. Its standard output must be a pipe. */
  static async connect(child: ChildProcess): Promise<PackClient> {
    const [port] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
    return new PackClient(new rpc.AnalyzerClient(`127.0.0.1:${port}`, credentials.createInsecure()));
  }

  info(): Promise<types.AnalyzerInfo> {
    return call(this.client, 'getAnalyzerInfo', new empty.Empty());
  }

  /** Sets the configuration of some policies and, as the message does, their level; the others keep their own. */
  async configure(
    config: Record<string, Record<string, unknown>>,
    level: types.EnforcementLevel = messages.EnforcementLevel.MANDATORY,
  ): Promise<void> {
    const request = new messages.ConfigureAnalyzerRequest();
    for (const [policy, properties] of Object.entries(config)) {
      const message = new messages.PolicyConfig().setEnforcementlevel(level);
      request.getPolicyconfigMap().set(policy, message.setProperties(toStruct(properties)));
    }
    await call(this.client, 'configure', request);
  }

  /** Judges one resource by its inputs. */
  async analyze(resource: Submitted): Promise<Diagnostic[]> {
    return diagnostics(await call(this.client, 'analyze', analyzeRequest(resource)));
  }

  /** Runs the policies set to `remediate` on a resource. @returns its inputs after each change. */
  async remediate(resource: Submitted): Promise<{ policy: string; props: unknown; diagnostic: string }[]> {
    const response = await call<types.RemediateResponse>(this.client, 'remediate', analyzeRequest(resource));
    return response.getRemediationsList().map((remediation) => ({
      policy: remediation.getPolicyname(),
      props: remediation.getProperties()?.toJavaScript(),
      diagnostic: remediation.getDiagnostic(),
    }));
  }

  /** Judges a whole stack, after each of its resources as the engine does. @returns the findings about the stack. */
  async analyzeStack(resources: Submitted[]): Promise<Diagnostic[]> {
    for (const each of resources) if (!each.isUnanalysed) await this.analyze(each);
    const all = resources.map(
      ({ type, name, props, outputs = props, links = {}, urn = urnOf(type, name), isProtected }) => {
        const message = new messages.AnalyzerResource().setUrn(urn).setType(type).setName(name);
        for (const [property, urns] of Object.entries(links)) {
          const dependencies = new messages.AnalyzerPropertyDependencies().setUrnsList(urns);
          message.getPropertydependenciesMap().set(property, dependencies);
        }
        return message.setProperties(toStruct(outputs)).setOptions(options(isProtected));
      },
    );
    return diagnostics(
      await call(this.client, 'analyzeStack', new messages.AnalyzeStackRequest().setResourcesList(all)),
    );
  }

  close(): void {
    this.client.close();
  }
}
