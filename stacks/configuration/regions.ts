// Azure regions an environment may be in.

/** Regions with Flex Consumption and the B-series machines, as `az functionapp list-flexconsumption-locations` says. */
export const REGIONS = [
  'australiaeast',
  'canadacentral',
  'centralindia',
  'eastasia',
  'eastus',
  'eastus2',
  'francecentral',
  'germanywestcentral',
  'italynorth',
  'japaneast',
  'koreacentral',
  'northeurope',
  'norwayeast',
  'southafricanorth',
  'southcentralus',
  'southeastasia',
  'spaincentral',
  'swedencentral',
  'switzerlandnorth',
  'uaenorth',
  'uksouth',
  'westeurope',
  'westus2',
  'westus3',
] as const;
