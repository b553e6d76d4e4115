// A stand-in for a Pulumi resource provider, in this process: the engine attaches to it through PULUMI_DEBUG_PROVIDERS. What a
// package does is in its model; what is known of the protocol is in pulumi/pulumi, proto/pulumi/provider.proto.

import plugins from '@pulumi/pulumi/proto/plugin_pb.js';
import rpc from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import type * as types from '@pulumi/pulumi/proto/provider_pb.js';
import messages from '@pulumi/pulumi/proto/provider_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import struct from 'google-protobuf/google/protobuf/struct_pb.js';
import { answer, type Serving, serve } from '../host/serve.ts';
import type { Cloud } from './cloud.ts';
import type { Model, Surroundings } from './model.ts';
import { differences, plain, read, type WireObject } from './values.ts';

const write = (value: WireObject) => struct.Struct.fromJavaScript(value as Record<string, struct.JavaScriptValue>);
const opened = (given?: struct.Struct) => plain(read(given));
const typeOf = (urn: string) => urn.split('::')[2]!.split('$').at(-1)!;

/** @param makeModel is given the surroundings, of which `config` is filled when the engine configures the provider. */
export function startProvider(
  name: string,
  version: string,
  around: Surroundings,
  makeModel: (around: Surroundings) => Model,
): Promise<Serving> {
  const model = makeModel(around);
  const { cloud } = around;
  return serve(rpc.ResourceProviderService, {
    attach: answer(() => new empty.Empty()),
    cancel: answer(() => new empty.Empty()),
    getPluginInfo: answer(() => new plugins.PluginInfo().setVersion(version)),
    getSchema: answer(() => new messages.GetSchemaResponse().setSchema(JSON.stringify({ name, version }))),
    getMapping: answer(() => new messages.GetMappingResponse()),
    checkConfig: answer((request: types.CheckRequest) => new messages.CheckResponse().setInputs(request.getNews())),
    diffConfig: answer(() => new messages.DiffResponse().setChanges(messages.DiffResponse.DiffChanges.DIFF_NONE)),
    configure: answer((request: types.ConfigureRequest) => {
      for (const [key, value] of request.getVariablesMap().toArray()) {
        around.config[key.replace(`${name}:config:`, '')] = value;
      }
      const response = new messages.ConfigureResponse();
      return response.setSupportspreview(true).setSupportsAutonamingConfiguration(true);
    }),
    invoke: answer((request: types.InvokeRequest) => {
      if (!model.invoke) throw new Error(`the stand-in for ${name} knows no function ${request.getTok()}`);
      return new messages.InvokeResponse().setReturn(write(model.invoke(request.getTok())));
    }),
    check: answer((request: types.CheckRequest) => check(model, request)),
    diff: answer((request: types.DiffRequest) => diff(model, request)),
    create: answer((request: types.CreateRequest) => create(model, cloud, request)),
    update: answer((request: types.UpdateRequest) => update(model, cloud, request)),
    read: answer((request: types.ReadRequest) => readThing(model, cloud, request)),
    delete: answer((request: types.DeleteRequest) => {
      cloud.record({ method: 'delete', urn: request.getUrn(), id: request.getId() });
      (model.remove ?? ((id) => cloud.remove(id)))(request.getId());
      return new empty.Empty();
    }),
  });
}

function check(model: Model, request: types.CheckRequest): types.CheckResponse {
  const urn = request.getUrn();
  const { added = {}, failures = [] } =
    model.check?.({
      urn,
      type: typeOf(urn),
      olds: opened(request.getOlds()),
      news: opened(request.getNews()),
      seed: Buffer.from(request.getRandomseed_asU8()),
    }) ?? {};
  const response = new messages.CheckResponse().setInputs(write({ ...read(request.getNews()), ...added }));
  return response.setFailuresList(failures.map((reason) => new messages.CheckFailure().setReason(reason)));
}

function diff(model: Model, request: types.DiffRequest): types.DiffResponse {
  const urn = request.getUrn();
  const given = {
    urn,
    type: typeOf(urn),
    olds: opened(request.getOldInputs()),
    news: opened(request.getNews()),
    state: opened(request.getOlds()),
  };
  const compared = { ...given, olds: model.remembered?.(given) ?? given.olds };
  const changes = [...differences(compared.olds, compared.news), ...(model.more?.(compared) ?? [])];
  const replacing = changes.filter((change) => model.replaces(change, compared));
  const { DIFF_SOME, DIFF_NONE } = messages.DiffResponse.DiffChanges;
  const response = new messages.DiffResponse().setChanges(changes.length > 0 ? DIFF_SOME : DIFF_NONE);
  for (const change of changes) {
    const kind = replacing.includes(change) ? (`${change.kind}_REPLACE` as const) : change.kind;
    const detail = new messages.PropertyDiff().setInputdiff(true).setKind(messages.PropertyDiff.Kind[kind]);
    response.getDetaileddiffMap().set(change.path, detail);
  }
  response.setDiffsList([...new Set(changes.map(({ path }) => path.split(/[.[]/)[0]!))]);
  response.setReplacesList(replacing.map(({ path }) => path)).setHasdetaileddiff(true);
  return response.setDeletebeforereplace(replacing.length > 0 && (model.deletesFirst?.(compared) ?? false));
}

async function create(model: Model, cloud: Cloud, request: types.CreateRequest): Promise<types.CreateResponse> {
  const urn = request.getUrn();
  const type = typeOf(urn);
  const inputs = opened(request.getProperties());
  if (request.getPreview()) return new messages.CreateResponse().setProperties(write(model.previewed(type, inputs)));
  const id = model.idOf({ urn, type, inputs });
  cloud.record({ method: 'create', urn, id });
  if (model.isRefusedWhenThere?.(type) && cloud.get(id)) {
    throw new Error(`cannot create already existing resource '${id}'`);
  }
  const outputs = await model.make({ urn, type, id, inputs });
  if (!model.stateOnly) cloud.put({ id, type, outputs });
  return new messages.CreateResponse().setId(id).setProperties(write(outputs));
}

async function update(model: Model, cloud: Cloud, request: types.UpdateRequest): Promise<types.UpdateResponse> {
  const [urn, id] = [request.getUrn(), request.getId()];
  const type = typeOf(urn);
  const inputs = opened(request.getNews());
  const state = opened(request.getOlds());
  if (request.getPreview()) {
    return new messages.UpdateResponse().setProperties(write(model.previewed(type, inputs, state)));
  }
  cloud.record({ method: 'update', urn, id });
  const outputs = await model.make({ urn, type, id, inputs, state, oldInputs: opened(request.getOldInputs()) });
  if (!model.stateOnly) cloud.put({ id, type, outputs });
  return new messages.UpdateResponse().setProperties(write(outputs));
}

function readThing(model: Model, cloud: Cloud, request: types.ReadRequest): types.ReadResponse {
  const id = request.getId();
  const response = new messages.ReadResponse();
  cloud.record({ method: 'read', urn: request.getUrn(), id });
  if (model.stateOnly) return response.setId(id).setProperties(request.getProperties()).setInputs(request.getInputs());
  const thing = cloud.get(id);
  if (!thing) return response.setId('');
  const inputs = opened(request.getInputs());
  const before = Object.keys(inputs).length > 0 ? { inputs, state: opened(request.getProperties()) } : undefined;
  const found = model.inputsOf?.(thing.type, thing.id, thing.outputs, before) ?? inputs;
  return response.setId(thing.id).setProperties(write(thing.outputs)).setInputs(write(found));
}
