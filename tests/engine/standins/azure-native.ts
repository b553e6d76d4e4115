// The azure-native provider without Azure. Facts from its source (pulumi/pulumi-azure-native, folder provider/pkg; none of it is here):
//
// - Check (provider.go, autoname.go, default location): adds the name, the location of configuration or group, the API version;
//   refuses a missing required property. A name of the provider's own makes replacements create first.
// - Diff (provider.go, diff.go): compares inputs with inputs. Path parameters, `location`, forceNewMap (gen/replacement.go) and what the
//   REST specifications call create-only (x-ms-mutability) replace. A given name makes a replacement delete first.
// - Create and Update in a preview (PreviewOutputs in convert/sdkOutputs.go): the response's shape; what was not given is unknown, inside
//   objects and lists too. Of what exists, `name` and `location` are known (stableOutputs in provider.go).
// - Create is refused when the resource exists (CanCreate in azure/crud), but for parts that are made with their parent.
// - Read (provider.go): inputs follow what changed in the outputs since the last read; an import takes them from the response.

import { complete, TENANT, unchangeable } from './azure-answers.ts';
import { idOf, nameParameter, parseId, pathParameters, restType, SUBSCRIPTION } from './azure-ids.ts';
import { refusal, remove, settle } from './azure-rules.ts';
import { itemOf, type Members, membersOf, shapeOf } from './azure-shapes.ts';
import { uuid } from './cloud.ts';
import type { Model, Surroundings } from './model.ts';
import { differences, isObject, isUnknown, UNKNOWN, type Wire, type WireObject } from './values.ts';

/** forceNewMap, and the create-only properties of the REST specifications as far as they are in use. */
const FORCE_NEW: Record<string, string[]> = {
  'authorization:RoleAssignment': ['principalId', 'scope'],
  'network:PublicIPAddress': ['publicIPAddressVersion', 'publicIPPrefix', 'sku'],
  'storage:Blob': ['type', 'source', 'contentMd5'],
  'storage:StorageAccount': ['isHnsEnabled'],
  'web:WebApp': ['kind'],
};

/** Made with their parent (singletons in resources/customresources and defaults/), or an extension that may be put again. */
const THERE_ALREADY =
  /:(BlobServiceProperties|ManagementPolicy|WebAppApplicationSettings|WebAppFtpAllowed|WebAppScmAllowed|DiagnosticSetting)$/;

/** Set by the provider when it made up the name itself. */
const CREATE_FIRST = '__createBeforeDelete';

const short = (type: string) => type.replace('azure-native:', '').replace(/\/v\d+\w*:/, ':');

export function azureNative({ cloud, config }: Surroundings): Model {
  function locationOf(inputs: WireObject, olds: WireObject): Wire | undefined {
    const group = inputs.resourceGroupName;
    if (olds.location !== undefined) return olds.location;
    if (config.location) return config.location;
    return isUnknown(group)
      ? UNKNOWN
      : cloud.get(idOf('azure-native:resources:ResourceGroup', inputs))?.outputs.location;
  }
  return {
    invoke(token) {
      if (token !== 'azure-native:authorization:getClientConfig')
        throw new Error(`no stand-in for the function ${token}`);
      return { clientId: uuid('client'), objectId: uuid('object'), subscriptionId: SUBSCRIPTION, tenantId: TENANT };
    },
    check({ type, urn, olds, news, seed }) {
      const shape = shapeOf(type);
      if (!shape) return { failures: [`Resource type ${type} not found`] };
      const added: WireObject = {};
      const own = nameParameter(type);
      if (own && news[own] === undefined) {
        const hex = Buffer.from(seed.length > 0 ? seed : urn).toString('hex');
        const isUuid = type.endsWith(':RoleAssignment');
        const name = urn.split('::').at(-1);
        added[own] = olds[own] ?? (isUuid ? uuid(hex) : type.endsWith(':Blob') ? name! : `${name}${hex.slice(0, 8)}`);
        if (!type.endsWith(':Blob')) added[CREATE_FIRST] = true;
      }
      const location = shape.inputs.has('location') && news.location === undefined && locationOf(news, olds);
      if (location) added.location = location;
      if (shape.apiVersion) added.azureApiVersion = shape.apiVersion;
      const given = { ...news, ...added };
      const missing = shape.required.filter((key) => given[key] === undefined);
      // What was added before comes back where changes of all inputs are ignored.
      const isOwn = (key: string) => key.startsWith('__') || key === 'azureApiVersion' || shape.inputs.has(key);
      const strange = Object.keys(news).filter((key) => !isOwn(key));
      return {
        added,
        failures: [
          ...missing.map((key) => `missing required property '${key}'`),
          ...strange.map((key) => `'${key}' is not a property of ${type}`),
        ],
      };
    },
    // Diff (provider.go): of what was imported, the outputs alone have the API version.
    remembered: ({ olds, state: { azureApiVersion } }) => ({ ...(azureApiVersion && { azureApiVersion }), ...olds }),
    replaces({ form, kind, path }, { type, olds, news, state }) {
      const keys = [...pathParameters(type), 'location', ...(FORCE_NEW[short(type)] ?? [])];
      if (!keys.some((key) => form === key || form.startsWith(`${key}.`) || form.startsWith(`${key}[`))) return false;
      // calculateChangesAndReplacements: said now, but as it was all along.
      return !(
        kind === 'ADD' &&
        olds[path] === undefined &&
        JSON.stringify(news[path]) === JSON.stringify(state[path])
      );
    },
    deletesFirst: ({ olds }) => olds[CREATE_FIRST] !== true,
    previewed(type, inputs, state) {
      const outputs = previewOf(inputs, shapeOf(type)?.outputs ?? new Map());
      for (const key of ['name', 'location']) if (state?.[key] !== undefined) outputs[key] = state[key];
      return outputs;
    },
    idOf: ({ type, inputs }) => idOf(type, inputs),
    isRefusedWhenThere: (type) => !THERE_ALREADY.test(type),
    make({ type, id, inputs, state, oldInputs }) {
      const refused = oldInputs && unchangeable(type, oldInputs, inputs);
      if (refused) {
        throw new Error(
          `Code="PropertyChangeNotAllowed" Message="Changing property '${refused}' is not allowed." (409)`,
        );
      }
      const unfit = refusal(cloud, { type, id, inputs });
      if (unfit) throw new Error(unfit);
      const shape = shapeOf(type);
      const outputs = answerOf(inputs, shape?.outputs ?? new Map());
      const name = id.split('/').at(-1)!;
      const known: WireObject = { name, type: restType(type), provisioningState: 'Succeeded' };
      if (shape?.apiVersion) known.azureApiVersion = shape.apiVersion;
      for (const [key, value] of Object.entries(known)) {
        if (shape?.outputs.has(key)) outputs[key] ??= value;
      }
      complete(outputs, type, name, inputs, state);
      settle(cloud, { type, id, inputs }, outputs);
      return outputs;
    },
    remove: (id) => remove(cloud, id),
    inputsOf(type, id, outputs, before) {
      const shape = shapeOf(type);
      const isInput = (key: string) => shape?.inputs.has(key) ?? false;
      if (!before) {
        const read = Object.entries(outputs).filter(([key]) => isInput(key));
        return { ...Object.fromEntries(read), ...parseId(type, id) };
      }
      const inputs = structuredClone(before.inputs);
      for (const key of Object.keys({ ...before.state, ...outputs }).filter(isInput)) {
        const value = followed(inputs[key], before.state[key], outputs[key]);
        if (value === undefined) delete inputs[key];
        else inputs[key] = value;
      }
      return inputs;
    },
  };
}

/** PreviewOutputs. */
function previewOf(given: WireObject, shape: Members): WireObject {
  return Object.fromEntries([...shape].map(([key, expression]) => [key, previewValue(given[key], expression)]));
}

function previewValue(value: Wire | undefined, expression: string): Wire {
  if (value === undefined || isUnknown(value)) return UNKNOWN;
  if (Array.isArray(value)) {
    const item = itemOf(expression);
    return item ? value.map((each) => previewValue(each, item)) : UNKNOWN;
  }
  if (!isObject(value)) return value;
  const members = membersOf(expression);
  return members ? previewOf(value, members) : value;
}

/** What was given, as far as the response has a place for it. */
function answerOf(given: WireObject, shape: Members): WireObject {
  const kept = [...shape].filter(([key]) => given[key] !== undefined);
  return Object.fromEntries(kept.map(([key, expression]) => [key, answerValue(given[key]!, expression)]));
}

function answerValue(value: Wire, expression: string): Wire {
  const item = itemOf(expression);
  if (Array.isArray(value)) return item ? value.map((each) => answerValue(each, item)) : value;
  const members = isObject(value) ? membersOf(expression) : undefined;
  return members ? answerOf(value as WireObject, members) : value;
}

/** An input after what became of its output: as it was where the output is, member by member. */
function followed(input: Wire | undefined, before: Wire | undefined, after: Wire | undefined): Wire | undefined {
  if (before !== undefined && after !== undefined && differences(before, after).length === 0) return input;
  if (before === undefined && after === undefined) return input;
  if (!isObject(input) || !isObject(before) || !isObject(after)) return after;
  const keys = [...new Set([...Object.keys(input), ...Object.keys(before), ...Object.keys(after)])];
  const values = keys.map((key) => [key, followed(input[key], before[key], after[key])]);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}
