// ST-05: a stolen token alone does not reach storage.
import { at } from '../known.ts';
import { REQUIRED, type ResourceRule } from '../rule.ts';
import { STORAGE_ACCOUNT } from '../types.ts';

export const closedStorageNetwork: ResourceRule = {
  id: 'ST-05',
  name: 'storage-closed-network',
  phase: 1,
  severity: 'medium',
  enforcement: 'advisory',
  demand:
    'A storage account denies networks that are not listed (networkRuleSet.defaultAction Deny) or has no public access.',
  reason:
    'Identities decide who may read a blob; the network decides from where. With both, a token that leaked is of no use outside.',
  fix: 'set networkRuleSet: { defaultAction: "Deny", virtualNetworkRules: [...] }, or publicNetworkAccess: "Disabled"',
  sources: [
    'Microsoft Learn, "Azure Storage firewall rules" (https://learn.microsoft.com/azure/storage/common/storage-network-security)',
    'CIS Azure Foundations 3.0 4.6, 4.0 10.3.2.2',
    'Checkov CKV_AZURE_35',
    'Trivy AZU-0012',
  ],
  properties: { 'StorageAccount.networkRuleSet.defaultAction': REQUIRED },
  types: [STORAGE_ACCOUNT],
  remedy: 'closing it cuts off whatever works from a network that is not listed, and which that is nobody here knows',
  check: ({ urn, name, props }) =>
    at(props, 'networkRuleSet', 'defaultAction') === 'Deny' || props.publicNetworkAccess === 'Disabled'
      ? []
      : [{ urn, message: `"${name}" is not surely closed to networks that are not listed.` }],
};
