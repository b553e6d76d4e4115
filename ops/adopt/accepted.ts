// What a recording must contain. It comes from an unknown environment, from some version of az, perhaps through several hands: all its
// errors are reported at once, by file and field.
import { RESOURCE_ID } from '../../stacks/adoption/plan.ts';
import { at, type Json } from './json.ts';

/** Fields of every resource. */
const RESOURCE = ['id', 'name', 'resourceGroup', 'location'];

/** Fields that the plan needs, by file; in a list, each entry has them. A number is an index in a list. */
const FIELDS: Record<string, { list?: true; fields: string[] }> = {
  group: { fields: ['id', 'name', 'location'] },
  resources: { list: true, fields: ['id', 'name', 'type'] },
  vm: { fields: [...RESOURCE, 'hardwareProfile.vmSize', 'storageProfile.osDisk.managedDisk.id'] },
  disk: { fields: [...RESOURCE, 'sku.name', 'creationData.createOption'] },
  nic: { fields: [...RESOURCE, 'ipConfigurations.0.name', 'ipConfigurations.0.subnet.id'] },
  vnet: { fields: [...RESOURCE, 'addressSpace.addressPrefixes.0', 'subnets.0.id', 'subnets.0.name'] },
  'public-ip': { fields: RESOURCE },
  nsg: { fields: RESOURCE },
  functionapp: { fields: RESOURCE },
  'functionapp-config': { fields: [] },
  appsettings: { list: true, fields: ['name'] },
  plan: { fields: RESOURCE },
  storage: { list: true, fields: [...RESOURCE, 'sku.name'] },
  'ssh-keys': { list: true, fields: [...RESOURCE, 'publicKey'] },
};

/**
 * The files of a recording, if they are sufficient for a plan.
 * @param read gives a file's JSON by its name without ending.
 * @throws Error with a line for each problem, and what to do.
 */
export function accepted(read: (file: string) => Json): (file: string) => Json {
  const files = new Map(Object.keys(FIELDS).map((file) => [file, read(file)]));
  const problems = [...files].flatMap(([file, value]) => judge(file, value).map((wrong) => `  ${file}.json ${wrong}`));
  if (problems.length > 0) {
    throw new Error(
      `the recording cannot be used:\n${problems.join('\n')}\n` +
        'Record the environment again with sh ops/adopt/record.sh (docs/adoption.md), and do not edit the files',
    );
  }
  return (file) => files.get(file) as Json;
}

function judge(file: string, value: Json): string[] {
  const { list, fields } = FIELDS[file] ?? { fields: [] };
  if (list) {
    if (!Array.isArray(value)) return ['is not a list'];
    return value.flatMap((entry, i) => lacks(entry, fields).map((wrong) => `entry ${i + 1} ${wrong}`));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return ['is not an object'];
  return lacks(value, fields);
}

function lacks(value: Json, fields: string[]): string[] {
  return fields.flatMap((field) => {
    const found = at(value, ...field.split('.'));
    if (typeof found !== 'string' || found === '') return [`has no ${field}`];
    return field.endsWith('id') && !RESOURCE_ID.test(found)
      ? [`has an ${field} that is not the id of an Azure resource`]
      : [];
  });
}
