// Requests to a policy pack, with the same fields and encoding that Pulumi's engine uses.
import type * as types from '@pulumi/pulumi/proto/analyzer_pb.js';
import messages from '@pulumi/pulumi/proto/analyzer_pb.js';
import struct from 'google-protobuf/google/protobuf/struct_pb.js';
import { formerUrns } from '../engine/aliases.ts';
import type { Resource } from '../engine/resource.ts';
import { flattenProperties, type WireObject } from '../engine/wire.ts';
import type { Project } from '../project.ts';

/** Context of the requests. */
export interface Surroundings {
  project: Pick<Project, 'name' | 'stack'>;
  /** By URN; parents and providers are registered before the resources that use them. */
  resources: ReadonlyMap<string, Resource>;
}

/** A rule about single resources judges inputs. */
export function analyzeRequest(resource: Resource, around: Surroundings): types.AnalyzeRequest {
  return new messages.AnalyzeRequest()
    .setUrn(resource.urn)
    .setType(resource.type)
    .setName(resource.name)
    .setProperties(toStruct(resource.inputs))
    .setOptions(options(resource, around))
    .setProvider(provider(resource, around));
}

/** A stack rule judges the outputs of all resources: in a preview, those that the provider knows. */
export function analyzeStackRequest(around: Surroundings): types.AnalyzeStackRequest {
  const all = [...around.resources.values()].map((resource) => {
    const message = new messages.AnalyzerResource()
      .setUrn(resource.urn)
      .setType(resource.type)
      .setName(resource.name)
      .setProperties(toStruct(resource.outputs))
      .setOptions(options(resource, around))
      .setProvider(provider(resource, around))
      .setParent(resource.parent)
      .setDependenciesList(resource.dependencies);
    for (const [property, urns] of Object.entries(resource.propertyDependencies)) {
      const dependencies = new messages.AnalyzerPropertyDependencies().setUrnsList(urns);
      message.getPropertydependenciesMap().set(property, dependencies);
    }
    return message;
  });
  return new messages.AnalyzeStackRequest().setResourcesList(all);
}

/** Required on every request: without options the pack assumes that the CLI is too old. */
function options(resource: Resource, { project, resources }: Surroundings): types.AnalyzerResourceOptions {
  const { protect, ignoreChanges, deleteBeforeReplace, additionalSecretOutputs } = resource.options;
  const place = { stack: project.stack, project: project.name };
  return new messages.AnalyzerResourceOptions()
    .setProtect(protect ?? false)
    .setIgnorechangesList(ignoreChanges ?? [])
    .setDeletebeforereplace(deleteBeforeReplace ?? false)
    .setDeletebeforereplacedefined(deleteBeforeReplace !== undefined)
    .setAdditionalsecretoutputsList(additionalSecretOutputs ?? [])
    .setAliasesList(formerUrns(resource, place, (urn) => resources.get(urn)))
    .setCustomtimeouts(new messages.AnalyzerResourceOptions.CustomTimeouts())
    .setParent(resource.parent);
}

/** Explicit providers only: the engine creates the default ones, and there is no engine offline. */
function provider(resource: Resource, { resources }: Surroundings): types.AnalyzerProviderResource | undefined {
  const reference = resource.options.provider;
  const found = reference && resources.get(reference.slice(0, reference.lastIndexOf('::')));
  if (!found) return undefined;
  return new messages.AnalyzerProviderResource()
    .setUrn(found.urn)
    .setType(found.type)
    .setName(found.name)
    .setProperties(toStruct(found.inputs));
}

const toStruct = (properties: WireObject) => struct.Struct.fromJavaScript(flattenProperties(properties));
