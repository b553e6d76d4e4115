// For tests: the preview's driver of the policy pack, question by question and with resources made by hand.
import { fileURLToPath } from 'node:url';
import type * as types from '@pulumi/pulumi/proto/analyzer_pb.js';
import messages from '@pulumi/pulumi/proto/analyzer_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import struct from 'google-protobuf/google/protobuf/struct_pb.js';
import type { Resource as Planned } from '../../preview/engine/resource.ts';
import type { WireObject } from '../../preview/engine/wire.ts';
import { type Analyzer, type AnalyzerClient, call, startAnalyzer } from '../../preview/policy/analyzer.ts';
import { analyzeRequest, analyzeStackRequest, type Surroundings } from '../../preview/policy/requests.ts';
import type { Project } from '../../preview/project.ts';
import { UNKNOWN } from '../known.ts';
import type { Resource } from '../resource.ts';
import { UNKNOWN_TEXT, urnOf } from './plan.ts';

/** The folder with PulumiPolicy.yaml: the working directory of the pack's process. */
export const PACK_FOLDER = fileURLToPath(new URL('..', import.meta.url));

/** The program whose resources the pack is asked about. */
const PROJECT: Pick<Project, 'name' | 'stack'> = { name: 'mqtt-saas', stack: 'dev' };

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

/** As the preview hands it to the pack. */
const asResource = ({ type, name, props, links = {}, urn = urnOf(type, name), ...more }: Submitted): Planned => ({
  urn,
  type,
  name,
  parent: '',
  custom: true,
  inputs: props as WireObject,
  outputs: (more.outputs ?? props) as WireObject,
  options: { protect: more.isProtected ?? false },
  dependencies: [],
  propertyDependencies: links,
});

/** A plan of these in stack dev. */
const planOf = (resources: Planned[]): Surroundings => ({
  project: PROJECT,
  resources: new Map(resources.map((resource) => [resource.urn, resource])),
});

const analyzeRequestOf = (submitted: Submitted) => analyzeRequest(asResource(submitted), planOf([]));

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

/** A running pack. */
export class PackClient {
  private readonly analyzer: Analyzer;
  private readonly client: AnalyzerClient;

  private constructor(analyzer: Analyzer, client: AnalyzerClient) {
    this.analyzer = analyzer;
    this.client = client;
  }

  /** @param config of the stack. */
  static async start(config: Record<string, string> = {}): Promise<PackClient> {
    const analyzer = startAnalyzer(PACK_FOLDER, { ...PROJECT, config });
    return new PackClient(analyzer, await analyzer.client);
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
      const values = struct.Struct.fromJavaScript(properties as Record<string, struct.JavaScriptValue>);
      request.getPolicyconfigMap().set(policy, message.setProperties(values));
    }
    await call(this.client, 'configure', request);
  }

  /** Judges one resource by its inputs. */
  async analyze(resource: Submitted): Promise<Diagnostic[]> {
    return diagnostics(await call(this.client, 'analyze', analyzeRequestOf(resource)));
  }

  /** Runs the policies set to `remediate` on a resource. @returns its inputs after each change. */
  async remediate(resource: Submitted): Promise<{ policy: string; props: unknown; diagnostic: string }[]> {
    const response = await call<types.RemediateResponse>(this.client, 'remediate', analyzeRequestOf(resource));
    return response.getRemediationsList().map((remediation) => ({
      policy: remediation.getPolicyname(),
      props: remediation.getProperties()?.toJavaScript(),
      diagnostic: remediation.getDiagnostic(),
    }));
  }

  /** Judges a whole stack, after each of its resources as the engine does. @returns the findings about the stack. */
  async analyzeStack(resources: Submitted[]): Promise<Diagnostic[]> {
    for (const each of resources) if (!each.isUnanalysed) await this.analyze(each);
    return diagnostics(await call(this.client, 'analyzeStack', analyzeStackRequest(planOf(resources.map(asResource)))));
  }

  stop(): Promise<void> {
    return this.analyzer.stop();
  }
}
