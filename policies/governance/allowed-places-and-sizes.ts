// GOV-02: resources are where they may be, and cost what they may cost.
import { at, isSet, type Known, UNKNOWN } from '../known.ts';
import type { Resource } from '../resource.ts';
import { DEFAULT_IS_SAFE, type Finding, REQUIRED, type ResourceRule, type RuleConfig } from '../rule.ts';
import { stackConfigValue } from '../stack-config.ts';
import { APP_SERVICE_PLAN, DISK, STORAGE_ACCOUNT, VIRTUAL_MACHINE } from '../types.ts';

/** Small burstable machines, both series; a plan that costs nothing at rest; disks and storage without premium. */
const SIZES: Record<string, string[]> = {
  machineSizes: [
    ...['Standard_B1s', 'Standard_B2s', 'Standard_B2ts_v2', 'Standard_B2ats_v2'],
    ...['Standard_B2ls_v2', 'Standard_B2als_v2', 'Standard_B2s_v2', 'Standard_B2as_v2'],
  ],
  plans: ['FC1'],
  diskSkus: ['Standard_LRS', 'StandardSSD_LRS', 'StandardSSD_ZRS'],
  storageSkus: ['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_RAGRS', 'Standard_GZRS', 'Standard_RAGZRS'],
};

const CONFIGURE_REGION =
  'set mqtt-saas:location, or list regions for governance-allowed-places-and-sizes in the policy configuration';

/** The sizes a resource is bought in: which list each is on, where it is written and its value. */
function sizesOf({ type, props }: Resource): [list: string, property: string, value: Known][] {
  if (type === APP_SERVICE_PLAN) return [['plans', 'sku.name', at(props, 'sku', 'name')]];
  if (type === STORAGE_ACCOUNT) return [['storageSkus', 'sku.name', at(props, 'sku', 'name')]];
  // Without a SKU a disk is Standard_LRS, the cheapest.
  if (type === DISK) return [['diskSkus', 'sku.name', at(props, 'sku', 'name') ?? 'Standard_LRS']];
  if (type !== VIRTUAL_MACHINE) return [];
  const osDisk = at(props, 'storageProfile', 'osDisk', 'managedDisk', 'storageAccountType');
  return [
    ['machineSizes', 'hardwareProfile.vmSize', at(props, 'hardwareProfile', 'vmSize')],
    ['diskSkus', 'storageProfile.osDisk.managedDisk.storageAccountType', osDisk],
  ];
}

function judgePlace({ urn, name, props }: Resource, config: RuleConfig): Finding[] {
  if (!isSet(props.location)) return [];
  const own = stackConfigValue('location');
  const regions: unknown[] = Array.isArray(config.regions)
    ? config.regions
    : [own].filter((each) => each !== undefined);
  if (regions.length === 0)
    return [{ urn, message: `No region is configured, so "${name}" may be anywhere.`, fix: CONFIGURE_REGION }];
  const spell = (text: unknown) => String(text).replaceAll(' ', '').toLowerCase();
  const place = props.location === UNKNOWN ? undefined : spell(props.location);
  return place === 'global' || (place !== undefined && regions.map(spell).includes(place))
    ? []
    : [{ urn, message: `"${name}" is in a region that is not allowed, or not known.` }];
}

const LIST = { type: 'array', items: { type: 'string' } } as const;

export const allowedPlacesAndSizes: ResourceRule = {
  id: 'GOV-02',
  name: 'governance-allowed-places-and-sizes',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'Every Azure resource with a location is in the stack’s region (mqtt-saas:location) or global, and machines, plans, disks and storage accounts have a SKU from the list. The policy configuration may list others.',
  reason:
    'Personal data that leaves its region breaks promises to tenants, and one wrong letter in a SKU multiplies the bill by a hundred.',
  fix: 'choose a size from docs/configuration.md (mqtt-saas:vmSize), or list regions, machineSizes, plans, diskSkus or storageSkus for governance-allowed-places-and-sizes in the policy configuration',
  sources: [
    'Microsoft Learn, "Azure Policy built-in definitions" (https://learn.microsoft.com/azure/governance/policy/samples/built-in-policies): allowed locations, allowed virtual machine size SKUs',
  ],
  properties: {
    'VirtualMachine.location': DEFAULT_IS_SAFE,
    'VirtualMachine.hardwareProfile.vmSize': REQUIRED,
    'VirtualMachine.storageProfile.osDisk.managedDisk.storageAccountType': REQUIRED,
    'Disk.sku.name': DEFAULT_IS_SAFE,
    'AppServicePlan.sku.name': REQUIRED,
    'StorageAccount.sku.name': REQUIRED,
  },
  configSchema: { properties: { regions: LIST, machineSizes: LIST, plans: LIST, diskSkus: LIST, storageSkus: LIST } },
  types: ['azure-native:*'],
  remedy: 'another region or size is another resource, and which one is meant only the program knows',
  check(resource, config): Finding[] {
    const { urn, name } = resource;
    const wrong = sizesOf(resource).filter(([list, , value]) => {
      const allowed: unknown[] = Array.isArray(config[list]) ? (config[list] as unknown[]) : SIZES[list]!;
      return !allowed.includes(value);
    });
    const sizes = wrong.map(([list, property]) => ({
      urn,
      message: `${property} of "${name}" is not among the allowed ${list}, or not known.`,
    }));
    return [...judgePlace(resource, config), ...sizes];
  },
};
