// GOV-02: resources are in allowed regions and have allowed sizes.
import { at, isSet, type Known, UNKNOWN } from '../known.ts';
import type { Resource } from '../resource.ts';
import { DEFAULT_IS_SAFE, type Finding, REQUIRED, type ResourceRule, type RuleConfig, violation } from '../rule.ts';
import { stackConfigValue } from '../stack-config.ts';
import { APP_SERVICE_PLAN, DISK, STORAGE_ACCOUNT, VIRTUAL_MACHINE } from '../types.ts';

/** Small burstable machines of both series; a plan without idle cost; disks and storage without premium SKUs. */
const SIZES: Record<string, string[]> = {
  machineSizes: [
    'Standard_B1s',
    'Standard_B2s',
    'Standard_B2ts_v2',
    'Standard_B2ats_v2',
    'Standard_B2ls_v2',
    'Standard_B2als_v2',
    'Standard_B2s_v2',
    'Standard_B2as_v2',
  ],
  plans: ['FC1'],
  diskSkus: ['Standard_LRS', 'StandardSSD_LRS', 'StandardSSD_ZRS'],
  storageSkus: ['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_RAGRS', 'Standard_GZRS', 'Standard_RAGZRS'],
};

const CONFIGURE_REGION =
  'set mqtt-saas:location, or list regions for governance-allowed-places-and-sizes in the policy configuration';

/** The sizes and SKUs of a resource: the list that allows them, the property and its value. */
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

function judgeRegion({ urn, name, props }: Resource, config: RuleConfig): Finding[] {
  if (!isSet(props.location)) return [];
  const own = stackConfigValue('location');
  const regions: unknown[] = Array.isArray(config.regions)
    ? config.regions
    : [own].filter((each) => each !== undefined);
  if (regions.length === 0)
    return [
      { urn, message: `No region is configured, so the region of "${name}" cannot be checked.`, fix: CONFIGURE_REGION },
    ];
  const spell = (text: unknown) => String(text).replaceAll(' ', '').toLowerCase();
  const region = props.location === UNKNOWN ? undefined : spell(props.location);
  return region === 'global' || (region !== undefined && regions.map(spell).includes(region))
    ? []
    : [violation({ urn, name }, 'location', props.location, 'is in a region that is not allowed')];
}

const LIST = { type: 'array', items: { type: 'string' } } as const;

export const allowedPlacesAndSizes: ResourceRule = {
  id: 'GOV-02',
  name: 'governance-allowed-places-and-sizes',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'Every Azure resource with a location is in the stack’s region (mqtt-saas:location) or global, and machines, plans, disks and storage accounts have an allowed size or SKU. The policy configuration may list others.',
  reason:
    'Personal data outside its region breaks agreements with tenants, and one wrong letter in a SKU can multiply the bill by a hundred.',
  fix: 'choose a size from docs/reference/configuration.md (mqtt-saas:vmSize), or list regions, machineSizes, plans, diskSkus or storageSkus for governance-allowed-places-and-sizes in the policy configuration',
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
  remedy: 'changing the region or size replaces the resource, and only the author knows which one is intended',
  check(resource, config): Finding[] {
    const { urn, name } = resource;
    const wrong = sizesOf(resource).filter(([list, , value]) => {
      const allowed: unknown[] = Array.isArray(config[list]) ? (config[list] as unknown[]) : SIZES[list]!;
      return !allowed.includes(value);
    });
    const sizes = wrong.map(([list, property, value]) =>
      violation({ urn, name }, property, value, `has a value of ${property} that is not among the allowed ${list}`),
    );
    return [...judgeRegion(resource, config), ...sizes];
  },
};
