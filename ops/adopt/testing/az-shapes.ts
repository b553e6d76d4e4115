// The same environment as other versions of az print it: names in other spellings, members left out or null, one level down, in
// capitals. Each says what is known of it.
import { type Files, type NamedRecording, recording } from './recordings.ts';

/** How a version prints what was recorded. */
export interface AzShape {
  /** In words, unique. */
  name: string;
  /** Changes a recording's files, whatever is in them. */
  print(files: Files): void;
}

type Entry = [key: string, value: unknown];

/** Rewrites the members of every object, from the inside out; `undefined` leaves a member out. */
function rewrite(value: unknown, member: (entry: Entry) => Entry | undefined): unknown {
  if (Array.isArray(value)) return value.map((each) => rewrite(each, member));
  if (typeof value !== 'object' || value === null) return value;
  const inner = Object.entries(value).map(([key, item]): Entry => [key, rewrite(item, member)]);
  return Object.fromEntries(inner.flatMap((entry) => [member(entry)].filter((each) => each !== undefined)));
}

function rewriteAll(files: Files, member: (entry: Entry) => Entry | undefined, only = Object.keys(files)): void {
  for (const file of only) files[file] = rewrite(files[file], member);
}

const capitals = (id: string) =>
  id.replace(/(\/resourceGroups\/)([^/]+)/i, (_, part, name) => part + name.toUpperCase());
const network = ['nic', 'vnet', 'public-ip', 'nsg'];

export const AZ_SHAPES: AzShape[] = [
  {
    // Before 2.46 the network commands printed the Python SDK's names and every member that was never set, with the referred resource's
    // own members as nulls (azure-cli's HISTORY.rst, 2.45 and 2.46; Azure/azure-cli#28874).
    name: 'az 2.38: the Python names, null for what was never set',
    print(files) {
      rewriteAll(files, ([key, value]) => [key.replace(/IP(?=[A-Z])/, 'Ip'), value], network);
      for (const file of network)
        Object.assign(files[file], { extendedLocation: null, zones: files[file].zones ?? null });
      Object.assign(files['public-ip'], { dnsSettings: files['public-ip'].dnsSettings ?? null, natGateway: null });
      for (const each of files.nic.ipConfigurations) {
        each.subnet = { addressPrefix: null, delegations: null, etag: null, name: null, ...each.subnet };
        each.publicIpAddress = { dnsSettings: null, etag: null, location: null, sku: null, ...each.publicIpAddress };
      }
    },
  },
  {
    // The generated commands print what the service answered: what was never set is not there at all.
    name: 'az 2.60: what was never set is left out',
    print(files) {
      const isUnset = (value: unknown) => value === null || (Array.isArray(value) && value.length === 0);
      const lists = /^(securityRules|ssh-keys)$/;
      rewriteAll(files, ([key, value]) => (isUnset(value) && !lists.test(key) ? undefined : [key, value]));
      Object.assign(files.nic, { auxiliaryMode: 'None', auxiliarySku: 'None', hostedWorkloads: [] });
    },
  },
  {
    // serverFarmId alone since 2.87 (Azure/azure-cli#33732); for Flex Consumption the answer as it came, with its properties one level
    // down (get_raw_functionapp in azure-cli); App Service prints a region's name for people.
    name: 'az 2.87: the app’s properties one level down, serverFarmId, “East Asia”',
    print(files) {
      const { id, name, type, kind, resourceGroup, tags, appServicePlanId, ...properties } = files.functionapp;
      delete properties.location;
      properties.serverFarmId ??= appServicePlanId;
      files.functionapp = { id, name, type, kind, resourceGroup, tags: tags ?? {}, location: 'East Asia', properties };
      Object.assign(files.plan, { location: 'East Asia', geoRegion: 'East Asia', tags: {} });
      Object.assign(files['functionapp-config'], { location: 'East Asia' });
    },
  },
  {
    // Compute answers with the group in capitals, App Service and Insights with resourcegroups in small letters
    // (MicrosoftDocs/azure-docs#36222, hashicorp/terraform-provider-azurerm#16583).
    name: 'ids in capitals, and in small letters',
    print(files) {
      const small = (id: string) =>
        id.replace('/resourceGroups/', '/resourcegroups/').replace('/serverFarms/', '/serverfarms/');
      const spell = ([key, value]: Entry): Entry => {
        if (key === 'resourceGroup') return [key, String(value).toUpperCase()];
        return [key, typeof value === 'string' && value.startsWith('/subscriptions/') ? capitals(value) : value];
      };
      rewriteAll(files, spell, ['vm', 'disk', 'ssh-keys']);
      rewriteAll(files, ([key, value]) => [key, typeof value === 'string' ? small(value) : value], [
        'functionapp',
        'plan',
        'resources',
      ]);
    },
  },
  {
    // Ranges as lists (a subnet's addressPrefixes of newer networks, a rule's prefixes and port ranges), empty lists and maps where
    // nothing was set, members that are new, and what the portal makes along: extensions and smart detection.
    name: 'lists where others print one value, and what the portal adds',
    print(files) {
      for (const subnet of files.vnet.subnets) {
        subnet.addressPrefixes = [subnet.addressPrefix];
        subnet.addressPrefix = null;
      }
      for (const rule of files.nsg.securityRules) {
        if (rule.destinationPortRange) rule.destinationPortRanges = [rule.destinationPortRange];
        rule.destinationPortRange = null;
      }
      for (const file of ['vm', 'disk', 'nic', 'vnet', 'public-ip', 'nsg', 'functionapp', 'plan', 'group']) {
        files[file].tags ??= {};
        files[file].systemData = { createdAt: '2025-08-14T09:21:44Z', createdByType: 'User' };
      }
      for (const file of ['vm', 'disk']) files[file].zones ??= [];
      const group = files.group.id;
      const more = (type: string, name: string) => ({
        id: `${group}/providers/${type.split('/')[0]}/${type
          .split('/')
          .slice(1)
          .map((part, i) => `${part}/${name.split('/')[i]}`)
          .join('/')}`,
        kind: null,
        location: 'eastasia',
        name,
        resourceGroup: files.group.name,
        sku: null,
        tags: null,
        type,
        changedTime: '2026-01-14T09:31:44Z',
      });
      files.resources.push(
        more('Microsoft.Compute/virtualMachines/extensions', `${files.vm.name}/AADSSHLoginForLinux`),
        more('microsoft.alertsmanagement/smartDetectorAlertRules', 'Failure Anomalies - func-zeroclaw-b1s-7f3a'),
        more('microsoft.insights/actiongroups', 'Application Insights Smart Detection'),
      );
    },
  },
];

/** A recording as a version of az prints it. */
export const printed = (shape: AzShape, of: NamedRecording = recording('the base')): NamedRecording => ({
  name: `${of.name}, ${shape.name}`,
  change(files) {
    of.change(files);
    shape.print(files);
  },
});
