// What Azure has when `az` printed a recording: the same resources with all their members, as azure-native reads them. It knows nothing
// of what `ops adopt` makes of a recording, so that one can be held to the other.
import type { Files } from '../../../ops/adopt/testing/recordings.ts';
import { itemOf, type Members, membersOf, shapeOf } from './azure-shapes.ts';
import type { Thing } from './cloud.ts';
import { isObject, type Wire, type WireObject } from './values.ts';

/** The type of what a file holds; of a list, of each entry. */
const TYPES: Record<string, string> = {
  group: 'resources:ResourceGroup',
  vm: 'compute:VirtualMachine',
  disk: 'compute:Disk',
  nic: 'network:NetworkInterface',
  vnet: 'network:VirtualNetwork',
  'public-ip': 'network:PublicIPAddress',
  nsg: 'network:NetworkSecurityGroup',
  functionapp: 'web:WebApp',
  plan: 'web:AppServicePlan',
  storage: 'storage:StorageAccount',
  'blob-service': 'storage:BlobServiceProperties',
  containers: 'storage:BlobContainer',
  lifecycle: 'storage:ManagementPolicy',
  'ssh-keys': 'compute:SshPublicKey',
};

/** The resources of a recording. */
export function thingsOf(files: Files): Thing[] {
  const recorded = Object.entries(TYPES).flatMap(([file, type]) =>
    [files[file] ?? []].flat().map((value: WireObject) => thing(type, value)),
  );
  const subnets = (files.vnet.subnets as WireObject[]).map((value) => thing('network:Subnet', value));
  const app = recorded.find(({ type }) => type === 'azure-native:web:WebApp');
  if (app) app.outputs.siteConfig = shaped(files['functionapp-config'], shapeOf(app.type)!.outputs.get('siteConfig')!);
  // A subnet is a resource of its own here.
  for (const { type, outputs } of recorded) if (type === 'azure-native:network:VirtualNetwork') delete outputs.subnets;
  const known = new Set([...recorded, ...subnets].map(({ id }) => id.toLowerCase()));
  // Of whatever else is in the group the list says what there is.
  const others = (files.resources as WireObject[])
    .filter(({ id }) => !known.has(String(id).toLowerCase()))
    .map((value) =>
      String(value.type).toLowerCase() === 'microsoft.insights/components'
        ? thing('applicationinsights:Component', { ...value, applicationType: 'web' })
        : { id: String(value.id), type: String(value.type), outputs: value },
    );
  return [...recorded, ...subnets, ...others];
}

function thing(name: string, value: WireObject): Thing {
  const type = `azure-native:${name}`;
  const shape = shapeOf(type)!;
  const outputs = objectOf(value, shape.outputs);
  if (typeof outputs.location === 'string') outputs.location = outputs.location.replaceAll(' ', '').toLowerCase();
  // As the provider reads it.
  return { id: String(value.id), type, outputs: { ...outputs, azureApiVersion: shape.apiVersion ?? '' } };
}

/** az spells some members differently from version to version, and leaves none out: null is what was never set. */
function objectOf(value: WireObject, members: Members): WireObject {
  const found = new Map(Object.entries(value).map(([key, item]) => [key.toLowerCase(), item]));
  const kept = [...members]
    .map(([key, expression]): [string, Wire] => [key, shaped(found.get(key.toLowerCase()) ?? null, expression)])
    .filter(([, item]) => item !== null && !(Array.isArray(item) && item.length === 0));
  return Object.fromEntries(kept);
}

function shaped(value: Wire, expression: string): Wire {
  const item = itemOf(expression);
  if (Array.isArray(value)) return item ? value.map((each) => shaped(each, item)) : value;
  const members = isObject(value) ? membersOf(expression) : undefined;
  return members ? objectOf(value as WireObject, members) : value;
}
