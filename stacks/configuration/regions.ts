// The Azure regions in which an environment can be.

/** Regions with Flex Consumption and B-series machines, according to `az functionapp list-flexconsumption-locations`. */
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
