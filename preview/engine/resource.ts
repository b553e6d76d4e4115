// A resource as the program registered it, read from the request.
import type * as resources from '@pulumi/pulumi/proto/resource_pb.js';
import { type Alias, effectiveAliases } from './aliases.ts';
import { makeUrn } from './urn.ts';
import { flatten, type Wire, type WireObject } from './wire.ts';

export interface Resource {
  urn: string;
  type: string;
  name: string;
  /** URN, or empty for the stack itself. */
  parent: string;
  /** False for a component. */
  custom: boolean;
  /** As the program passed them, including signatures. */
  inputs: WireObject;
  /** A custom resource's preview outputs with secrets marked; for a component, its registered outputs. */
  outputs: WireObject;
  options: ResourceOptions;
  /** URNs, sorted. */
  dependencies: string[];
  /** Property to the URNs it depends on, sorted; properties without dependencies are omitted. */
  propertyDependencies: Record<string, string[]>;
}

/** Only options that were set; lists are in the program's order. */
export interface ResourceOptions {
  protect?: boolean;
  ignoreChanges?: string[];
  replaceOnChanges?: string[];
  additionalSecretOutputs?: string[];
  aliases?: Alias[];
  deleteBeforeReplace?: boolean;
  retainOnDelete?: boolean;
  deletedWith?: string;
  replaceWith?: string[];
  replacementTrigger?: Wire;
  import?: string;
  /** Reference `urn::id` of an explicit provider. */
  provider?: string;
  /** Package to provider reference, for a component. */
  providers?: Record<string, string>;
  hideDiffs?: string[];
  customTimeouts?: { create?: string; update?: string; delete?: string };
  /** Id of an existing resource that is only read. */
  read?: string;
}

/** @param place the stack and the project, which are part of the URN. */
export function fromRegistration(
  request: resources.RegisterResourceRequest,
  place: { stack: string; project: string },
): Resource {
  const inputs = toWire(request.getObject());
  const secretOutputs = request.getAdditionalsecretoutputsList();
  return {
    urn: makeUrn(place.stack, place.project, request.getParent(), request.getType(), request.getName()),
    type: request.getType(),
    name: request.getName(),
    parent: request.getParent(),
    custom: request.getCustom(),
    inputs,
    outputs: request.getCustom() ? flattenAll(inputs) : {},
    options: readOptions(request, secretOutputs),
    dependencies: request.getDependenciesList().toSorted(),
    propertyDependencies: readPropertyDependencies(request),
  };
}

/** An existing resource that the program reads by id and does not manage. */
export function fromRead(request: resources.ReadResourceRequest, place: { stack: string; project: string }): Resource {
  const inputs = toWire(request.getProperties());
  return {
    urn: makeUrn(place.stack, place.project, request.getParent(), request.getType(), request.getName()),
    type: request.getType(),
    name: request.getName(),
    parent: request.getParent(),
    custom: true,
    inputs,
    outputs: flattenAll(inputs),
    options: compact({
      read: request.getId(),
      provider: request.getProvider(),
      additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    }),
    dependencies: request.getDependenciesList().toSorted(),
    propertyDependencies: {},
  };
}

type Struct = ReturnType<resources.RegisterResourceRequest['getObject']>;

export function toWire(struct: Struct): WireObject {
  return (struct?.toJavaScript() ?? {}) as WireObject;
}

const flattenAll = (properties: WireObject) => flatten(properties) as WireObject;

function readOptions(request: resources.RegisterResourceRequest, secretOutputs: string[]): ResourceOptions {
  const timeouts = request.getCustomtimeouts();
  const trigger = request.getReplacementTrigger();
  return compact({
    protect: request.getProtect(),
    ignoreChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    additionalSecretOutputs: secretOutputs,
    aliases: effectiveAliases(request),
    deleteBeforeReplace: request.getDeletebeforereplacedefined() ? request.getDeletebeforereplace() : undefined,
    retainOnDelete: request.getRetainondelete(),
    deletedWith: request.getDeletedwith(),
    replaceWith: request.getReplaceWithList(),
    replacementTrigger: trigger ? flatten(trigger.toJavaScript() as Wire) : undefined,
    import: request.getImportid(),
    provider: request.getProvider(),
    providers: Object.fromEntries(request.getProvidersMap().toArray()) as Record<string, string>,
    hideDiffs: request.getHidediffsList(),
    customTimeouts: timeouts
      ? compact({ create: timeouts.getCreate(), update: timeouts.getUpdate(), delete: timeouts.getDelete() })
      : undefined,
  });
}

function readPropertyDependencies(request: resources.RegisterResourceRequest): Record<string, string[]> {
  const all: [string, string[]][] = [];
  request.getPropertydependenciesMap().forEach((dependencies, property) => {
    const urns = dependencies.getUrnsList();
    if (urns.length > 0) all.push([property, urns.toSorted()]);
  });
  return Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Drops options that were not set: protobuf has no absent string, list or map, only empty ones, and `false` is the default. */
function compact<T extends object>(options: T): Partial<T> {
  const isSet = (value: unknown) =>
    value !== undefined && value !== false && value !== '' && !(typeof value === 'object' && isEmpty(value as object));
  return Object.fromEntries(Object.entries(options).filter(([, value]) => isSet(value))) as Partial<T>;
}

const isEmpty = (value: object) => Object.keys(value).length === 0;
