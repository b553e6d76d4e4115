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
import { urnOf } from './plan.ts';

/** The folder with PulumiPolicy.yaml: the working directory of the pack's process. */
export const PACK_FOLDER = fileURLToPath(new URL('..', import.meta.url));

/** What the engine starts in that folder: the SDK's runner, the engine's address (which goes unused) and the pack. */
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
}

/** One violation. */
export interface Diagnostic {
  policy: string;
  message: string;
  isMandatory: boolean;
  urn: string;
}

type Client = InstanceType<typeof rpc.AnalyzerClient>;
type Method = 'analyze' | 'analyzeStack' | 'configure' | 'getAnalyzerInfo';

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

/** @pulumi/policy takes a request without options for one of an old engine and refuses it. */
function options(): types.AnalyzerResourceOptions {
  return new messages.AnalyzerResourceOptions().setCustomtimeouts(
    new messages.AnalyzerResourceOptions.CustomTimeouts(),
  );
}

function diagnostics(response: types.AnalyzeResponse): Diagnostic[] {
  return response.getDiagnosticsList().map((diagnostic) => ({
    policy: diagnostic.getPolicyname(),
    message: diagnostic.getMessage(),
    isMandatory: diagnostic.getEnforcementlevel() === messages.EnforcementLevel.MANDATORY,
    urn: diagnostic.getUrn(),
  }));
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

  /** Sets the configuration of some policies; each keeps its mandatory level, which the message would else reset to advisory. */
  async configure(config: Record<string, Record<string, unknown>>): Promise<void> {
    const request = new messages.ConfigureAnalyzerRequest();
    for (const [policy, properties] of Object.entries(config)) {
      const message = new messages.PolicyConfig().setEnforcementlevel(messages.EnforcementLevel.MANDATORY);
      request.getPolicyconfigMap().set(policy, message.setProperties(toStruct(properties)));
    }
    await call(this.client, 'configure', request);
  }

  /** Judges one resource by its inputs. */
  async analyze({ type, name, props }: Submitted): Promise<Diagnostic[]> {
    const request = new messages.AnalyzeRequest().setUrn(urnOf(type, name)).setType(type).setName(name);
    return diagnostics(
      await call(this.client, 'analyze', request.setProperties(toStruct(props)).setOptions(options())),
    );
  }

  /** Judges a whole stack. */
  async analyzeStack(resources: Submitted[]): Promise<Diagnostic[]> {
    const all = resources.map(({ type, name, props, links = {} }) => {
      const message = new messages.AnalyzerResource().setUrn(urnOf(type, name)).setType(type).setName(name);
      for (const [property, urns] of Object.entries(links)) {
        const dependencies = new messages.AnalyzerPropertyDependencies().setUrnsList(urns);
        message.getPropertydependenciesMap().set(property, dependencies);
      }
      return message.setProperties(toStruct(props)).setOptions(options());
    });
    return diagnostics(
      await call(this.client, 'analyzeStack', new messages.AnalyzeStackRequest().setResourcesList(all)),
    );
  }

  close(): void {
    this.client.close();
  }
}
