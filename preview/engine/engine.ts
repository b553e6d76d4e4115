// A stand-in for Pulumi's engine during a preview: it receives the program's registrations over gRPC and answers as the
// engine does for resources that do not exist yet. Ids are empty. Outputs are those of azure-native's preview or, for other
// packages, the inputs; the SDK makes missing outputs unknown.
import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import engineRpc from '@pulumi/pulumi/proto/engine_grpc_pb.js';
import type * as engineTypes from '@pulumi/pulumi/proto/engine_pb.js';
import engineMessages from '@pulumi/pulumi/proto/engine_pb.js';
import monitorRpc from '@pulumi/pulumi/proto/resource_grpc_pb.js';
import type * as types from '@pulumi/pulumi/proto/resource_pb.js';
import messages from '@pulumi/pulumi/proto/resource_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import struct from 'google-protobuf/google/protobuf/struct_pb.js';
import type { Project } from '../project.ts';
import { type LogEntry, toEntry } from './log.ts';
import { AzureOutputs } from './preview-outputs.ts';
import { fromRead, fromRegistration, type Resource, toWire } from './resource.ts';
import { STACK_TYPE } from './urn.ts';
import { flatten, secret, UNKNOWN, type WireObject } from './wire.ts';

/** Everything the program did besides registering resources; filled while it runs. */
export interface Engine {
  /** `host:port` on loopback, for the program's runner. */
  address: string;
  /** What the SDK and the program logged, without debug lines. */
  log: LogEntry[];
  /** Provider functions that the program called; their results are unknown offline. */
  unanswered: Set<string>;
  close(): void;
}

/** Features that the SDK may use: all that affect a plan, none that needs a callback into the program. */
const FEATURES = [
  messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_SECRETS,
  messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
  messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
  messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
  messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
  messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
  messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
];
/** The same by the names of SupportsFeature, the older call. */
const FEATURE_NAMES = ['secrets', 'resourceReferences', 'outputValues', 'aliasSpecs', 'deletedWith', 'replaceWith'];

/**
 * The lookup that nearly every Azure program makes: the current account. Offline there is none. An unknown result would make
 * everything with a tenant id unknown, such as a vault's settings, so the ids are zeros.
 */
const ACCOUNT_LOOKUP = 'azure-native:authorization:getClientConfig';
const ACCOUNT = Object.fromEntries(
  ['clientId', 'objectId', 'subscriptionId', 'tenantId'].map((id) => [id, '00000000-0000-0000-0000-000000000000']),
);

/** Concurrent registrations allowed to the SDK; similar to the CLI's default. */
export const PARALLEL = 32;
/** Pulumi's own limit on a message, in bytes: file assets and certificates are sent inline. */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;

/**
 * Listens on a free loopback port.
 * @param resources filled by URN in registration order, which differs from run to run.
 * @param onResource called for each resource as it is registered, before the program gets the answer.
 */
export async function startEngine(
  project: Project,
  resources: Map<string, Resource>,
  onResource: (resource: Resource) => void = () => {},
): Promise<Engine> {
  const server = new Server({ 'grpc.max_receive_message_length': MAX_MESSAGE_BYTES });
  const engine: Engine = {
    address: '',
    log: [],
    unanswered: new Set(),
    close: () => server.forceShutdown(),
  };
  server.addService(monitorRpc.ResourceMonitorService, monitor(engine, project, resources, onResource));
  server.addService(engineRpc.EngineService, host(engine, resources));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  engine.address = `127.0.0.1:${port}`;
  return engine;
}

type Handler<Request, Response> = (call: ServerUnaryCall<Request, Response>, done: sendUnaryData<Response>) => void;

/** A synchronous method; an exception becomes the program's error. */
function answer<Request, Response>(respond: (request: Request) => Response): Handler<Request, Response> {
  return (call, done) => {
    try {
      done(null, respond(call.request));
    } catch (error) {
      done({ code: status.INVALID_ARGUMENT, details: (error as Error).message });
    }
  };
}

/** pulumirpc.ResourceMonitor. gRPC refuses other methods as unimplemented, and the SDK reports that. */
function monitor(
  engine: Engine,
  project: Project,
  resources: Map<string, Resource>,
  onResource: (resource: Resource) => void,
) {
  const place = { stack: project.stack, project: project.name };
  const azure = new AzureOutputs(project.root);
  const record = (resource: Resource) => {
    if (resources.has(resource.urn)) {
      throw new Error(`Duplicate resource URN '${resource.urn}'; try giving it a unique name`);
    }
    resources.set(resource.urn, resource);
    onResource(resource);
    return resource;
  };
  return {
    getDeploymentInfo: answer(() => deploymentInfo(project)),
    supportsFeature: answer((request: types.SupportsFeatureRequest) =>
      new messages.SupportsFeatureResponse().setHassupport(FEATURE_NAMES.includes(request.getId())),
    ),
    registerResource: answer((request: types.RegisterResourceRequest) => {
      const registered = fromRegistration(request, place);
      if (registered.custom) registered.outputs = azure.preview(registered.type, registered.inputs);
      const resource = record(markSecretOutputs(registered));
      const response = new messages.RegisterResourceResponse();
      return response.setUrn(resource.urn).setObject(toStruct(resource.custom ? resource.outputs : resource.inputs));
    }),
    readResource: answer((request: types.ReadResourceRequest) => {
      const read = fromRead(request, place);
      read.outputs = azure.preview(read.type, read.inputs);
      const resource = record(markSecretOutputs(read));
      return new messages.ReadResourceResponse().setUrn(resource.urn).setProperties(toStruct(resource.outputs));
    }),
    registerResourceOutputs: answer((request: types.RegisterResourceOutputsRequest) => {
      const resource = resources.get(request.getUrn());
      if (!resource) throw new Error(`outputs for a resource that was never registered: ${request.getUrn()}`);
      resource.outputs = flatten(toWire(request.getOutputs())) as WireObject;
      return new empty.Empty();
    }),
    invoke: answer((request: types.ResourceInvokeRequest) => {
      if (request.getTok() === ACCOUNT_LOOKUP)
        return new messages.ResourceInvokeResponse().setReturn(toStruct(ACCOUNT));
      engine.unanswered.add(request.getTok());
      return new messages.ResourceInvokeResponse().setUnknown(true);
    }),
    call: answer((request: types.ResourceCallRequest): never => {
      throw new Error(`${request.getTok()} is a method of a remote component; an offline preview cannot call it.`);
    }),
    signalAndWaitForShutdown: answer(() => new empty.Empty()),
  };
}

/** pulumirpc.Engine: the log, and the stack's URN for SDKs that ask for it. */
function host(engine: Engine, resources: ReadonlyMap<string, Resource>) {
  return {
    log: answer((request: engineTypes.LogRequest) => {
      const entry = toEntry(request.getSeverity(), request.getMessage(), request.getUrn());
      if (entry) engine.log.push(entry);
      return new empty.Empty();
    }),
    setRootResource: answer(() => new engineMessages.SetRootResourceResponse()),
    getRootResource: answer(() => {
      const stack = [...resources.values()].find(({ type }) => type === STACK_TYPE);
      return new engineMessages.GetRootResourceResponse().setUrn(stack?.urn ?? '');
    }),
    requirePulumiVersion: answer(() => new engineMessages.RequirePulumiVersionResponse()),
  };
}

function deploymentInfo(project: Project): types.DeploymentInfo {
  const info = new messages.DeploymentInfo()
    .setProject(project.name)
    .setStack(project.stack)
    .setDryrun(true)
    .setParallel(PARALLEL)
    .setConfigsecretkeysList(project.secretKeys)
    .setSupportedfeaturesList(FEATURES);
  for (const [key, value] of Object.entries(project.config)) info.getConfigMap().set(key, value);
  return info;
}

/** Marks these outputs secret, as the engine does, including unknown ones that only a provider computes. */
function markSecretOutputs(resource: Resource): Resource {
  for (const property of resource.options.additionalSecretOutputs ?? []) {
    resource.outputs[property] = secret(resource.outputs[property] ?? UNKNOWN);
  }
  return resource;
}

const toStruct = (properties: WireObject) => struct.Struct.fromJavaScript(properties);
