// A stand-in for Pulumi's engine during a preview: it takes the program's registrations over gRPC and answers as the
// engine does for resources that do not exist yet. Ids are empty; outputs are what azure-native's preview says, for other
// packages the inputs, and the SDK makes what is missing unknown.
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

/** What the program did besides registering resources, filled while it runs. */
export interface Engine {
  /** `host:port` on loopback, for the program's runner. */
  address: string;
  /** What the SDK and the program logged, without debug lines. */
  log: LogEntry[];
  /** Provider functions that the program called; offline their answers are unknown. */
  unanswered: Set<string>;
  close(): void;
}

/** What the SDK may use: everything that changes what a plan says, nothing that needs a callback into the program. */
const FEATURES = [
  messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_SECRETS,
  messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
  messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
  messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
  messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
  messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
  messages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
];
/** The same by the names that SupportsFeature, the older question, uses. */
const FEATURE_NAMES = ['secrets', 'resourceReferences', 'outputValues', 'aliasSpecs', 'deletedWith', 'replaceWith'];

/**
 * The one lookup that nearly every Azure program makes: whose account this is. Offline there is none, and an unknown
 * here would make everything that holds a tenant id unknown, a vault's settings for one; so the ids are all zeros.
 */
const ACCOUNT_LOOKUP = 'azure-native:authorization:getClientConfig';
const ACCOUNT = Object.fromEntries(
  ['clientId', 'objectId', 'subscriptionId', 'tenantId'].map((id) => [id, '00000000-0000-0000-0000-000000000000']),
);

/** Registrations the SDK may have under way at once; the CLI's own default is of this order. */
export const PARALLEL = 32;
/** Pulumi's own bound on a message, in bytes: file assets and certificates travel inline. */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;

/**
 * Listens on a free loopback port.
 * @param resources filled by URN, in the order of registration, which differs from run to run.
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

/** A method that answers at once; what it throws becomes the program's error. */
function answer<Request, Response>(respond: (request: Request) => Response): Handler<Request, Response> {
  return (call, done) => {
    try {
      done(null, respond(call.request));
    } catch (error) {
      done({ code: status.INVALID_ARGUMENT, details: (error as Error).message });
    }
  };
}

/** pulumirpc.ResourceMonitor. What is missing here, grpc refuses as unimplemented and the SDK reports. */
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

/** The engine marks these outputs secret; those that only a provider computes are unknown, and secret already now. */
function markSecretOutputs(resource: Resource): Resource {
  for (const property of resource.options.additionalSecretOutputs ?? []) {
    resource.outputs[property] = secret(resource.outputs[property] ?? UNKNOWN);
  }
  return resource;
}

const toStruct = (properties: WireObject) => struct.Struct.fromJavaScript(properties);
