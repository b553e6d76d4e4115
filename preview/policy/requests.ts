// A resource as a policy pack is asked about it: the same fields, with the same encoding, that Pulumi's engine sends.

import type * as types from '@pulumi/pulumi/proto/analyzer_pb.js';
import messages from '@pulumi/pulumi/proto/analyzer_pb.js';
import struct from 'google-protobuf/google/protobuf/struct_pb.js';
import { formerUrns } from '../engine/aliases.ts';
import type { Resource } from '../engine/resource.ts';
import { flattenProperties, type WireObject } from '../engine/wire.ts';
import type { Project } from '../project.ts';

/** What the requests need besides the resource itself. */
export interface Surroundings {
  project: Project;
  /** By URN; a parent or a provider is registered before what uses it. */
  resources: ReadonlyMap<string, Resource>;
}

/** Before an update a rule judges a resource by its inputs. */
export function analyzeRequest(resource: Resource, around: Surroundings): types.AnalyzeRequest {
  return new messages.AnalyzeRequest()
    .setUrn(resource.urn)
    .setType(resource.type)
    .setName(resource.name)
    .setProperties(toStruct(resource.inputs))
    .setOptions(options(resource, around))
    .setProvider(provider(resource, around));
}

/** After it, a stack rule judges all resources by their outputs: in a preview, what the provider can tell of them. */
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

/** Must be on every request: the pack takes a missing one for a CLI that is too old. */
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

/** Only an explicit provider: the default one is made by the engine, and there is none offline. */
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
