// Turns az's output for a resource into azure-native's inputs: every member that az printed and the SDK declares as an input, in the
// SDK's spelling. Nothing is picked by hand, so nothing is forgotten.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../bootstrap/root.mjs';
import { at, items, type Json } from './json.ts';

/** Inputs of a resource; undefined members were not set. */
export type Inputs = { [key: string]: Json };

/** An input's name and type expression, such as `inputs.network.IpTagArgs[]`. */
type Members = Map<string, string>;

const SDK = join(ROOT, 'node_modules/@pulumi/azure-native');
const read = (file: string) => readFileSync(join(SDK, file), 'utf8');
const known = new Map<string, Members>();
let nested: string | undefined;

/**
 * Inputs that are also resources of their own. If they are not given, the provider keeps the existing ones; given in both ways, each way
 * removes what the other gives (the SDK says so).
 */
const OWN_RESOURCES = 'These are also available as standalone resources.';
/** What the program gives inline even so. */
const INLINE = ['securityRules'];

/** Inputs of a resource's type, such as `network:Subnet`. */
export function declaredInputs(type: string): Members {
  const [module = '', name = ''] = type.split(':');
  return remembered(type, () => {
    const text = read(`${module}/${name.charAt(0).toLowerCase()}${name.slice(1)}.d.ts`);
    return members(text.slice(text.indexOf(`export interface ${name}Args {`)));
  });
}

/** Inputs of an object among them, such as `inputs.network.IpTagArgs`. */
export function objectInputs(expression: string): Members {
  return remembered(expression, () => {
    const [, module = '', name = ''] = expression.split('.');
    nested ??= read('types/input.d.ts');
    const from = nested.indexOf(`\n    interface ${name} {`, nested.indexOf(`export declare namespace ${module} {`));
    return members(nested.slice(from, nested.indexOf('\n    }', from)));
  });
}

function remembered(key: string, make: () => Members): Members {
  const found = known.get(key) ?? make();
  known.set(key, found);
  return found;
}

/** A map's type is written on three lines. */
const MEMBER = /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?\b(\w+)\??: pulumi\.Input<([\s\S]*?)>;(?=\n|$)/g;

function members(text: string): Members {
  const found: Members = new Map();
  for (const [, comment = '', name = '', type = ''] of text.matchAll(MEMBER)) {
    if (comment.includes(OWN_RESOURCES) && !INLINE.includes(name)) continue;
    found.set(name, type.replace(/ \| undefined$/, '').replace(/^pulumi\.Input<(.*)>\[\]$/, '$1[]'));
  }
  return found;
}

/** Reported by Azure, but never accepted as input, although the SDK declares it. */
const AZURES = ['etag', 'provisioningState', 'migrationPhase', 'fqdn'];

/** The inputs of a recorded resource, without unset values and without what Azure itself adds. */
export function recordedInputs(type: string, value: Json): Inputs {
  const {
    id: _,
    name: __,
    ipAddress: ___,
    ...inputs
  } = compacted(declaredInputs(type), value, String(at(value, 'id')));
  return inputs;
}

/** The same for a part of a resource, such as `inputs.network.SecurityRuleArgs`. */
export function recordedObject(expression: string, value: Json): Inputs {
  const { id: _, ...inputs } = compacted(objectInputs(expression), value, String(at(value, 'id')));
  return inputs;
}

/** Members that az, or Azure itself (`az resource show`), names differently than the SDK. */
const ALSO_CALLED: Record<string, string> = {
  enableHttpsTrafficOnly: 'supportsHttpsTrafficOnly',
  enableNfsV3: 'isNfsV3Enabled',
  networkRuleSet: 'networkAcls',
  useSubDomainName: 'useSubDomain',
};

/** @param own the id of the resource that it belongs to; the ids of its parts begin with it. */
function compacted(declared: Members, value: Json, own: string): Inputs {
  const entries = [...declared].flatMap(([name, type]): [string, Json][] => {
    const found = converted(type, at(value, name) ?? at(value, ALSO_CALLED[name] ?? name), own);
    return found === undefined || isAzures(name, found, own) ? [] : [[name, found]];
  });
  return Object.fromEntries(entries);
}

const isAzures = (name: string, value: Json, own: string) =>
  AZURES.includes(name) ||
  (name === 'type' && /^Microsoft\./i.test(String(value))) ||
  (name === 'id' && String(value).toLowerCase().startsWith(`${own}/`.toLowerCase()));

function converted(type: string, value: Json | undefined, own: string): Json | undefined {
  // Some versions of az print an unset value as an empty text.
  if (value === undefined || value === null || value === '') return undefined;
  if (type.endsWith('[]')) {
    // For the SDK, identities are a list of ids; in Azure, an object with a member for each.
    const list = Array.isArray(value) ? value : typeof value === 'object' ? Object.keys(value) : [value];
    const made = list.map((each) => converted(type.slice(0, -2), each, own)).filter((each) => each !== undefined);
    return made.length > 0 ? made : undefined;
  }
  if (!type.startsWith('inputs.')) return isEmpty(value) ? undefined : spelled(type, value);
  if (typeof value !== 'object' || Array.isArray(value)) return undefined;
  const made = compacted(objectInputs(type), value, own);
  if (isEmpty(made)) return undefined;
  // Some versions of az print all properties of a resource that is only referred to.
  if (!type.startsWith('inputs.network.') || made.id === undefined) return made;
  return { id: made.id, ...(made.deleteOption !== undefined && { deleteOption: made.deleteOption }) };
}

/** A number that was printed as text, or the other way round: Azure accepts both, but a comparison does not. */
function spelled(type: string, value: Json): Json {
  if (type === 'number' && typeof value === 'string' && /^\d+$/.test(value)) return Number(value);
  return type === 'string' && typeof value === 'number' ? String(value) : value;
}

const isEmpty = (value: Json) =>
  typeof value === 'object' && value !== null && (items(value).length || Object.keys(value).length) === 0;
