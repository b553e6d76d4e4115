// ST-05: a stolen token alone does not give access to storage.
import { at } from '../known.ts';
import { REQUIRED, type ResourceRule, violation } from '../rule.ts';
import { STORAGE_ACCOUNT } from '../types.ts';

export const closedStorageNetwork: ResourceRule = {
  id: 'ST-05',
  name: 'storage-closed-network',
  phase: 1,
  severity: 'medium',
  enforcement: 'advisory',
  demand:
    'A storage account denies access from networks that are not listed (networkRuleSet.defaultAction: Deny), or its public network access is disabled.',
  reason:
    'Roles control who may read a blob; network rules control from where. With both, a leaked token is useless outside the listed networks.',
  fix: 'set networkRuleSet: { defaultAction: "Deny", virtualNetworkRules: [...] }, or publicNetworkAccess: "Disabled"',
  sources: [
    'Microsoft Learn, "Azure Storage firewall rules" (https://learn.microsoft.com/azure/storage/common/storage-network-security)',
    'CIS Azure Foundations 3.0 4.6, 4.0 10.3.2.2',
    'Checkov CKV_AZURE_35',
    'Trivy AZU-0012',
  ],
  properties: { 'StorageAccount.networkRuleSet.defaultAction': REQUIRED },
  types: [STORAGE_ACCOUNT],
  remedy:
    'anything that uses the account from a network that is not listed would lose access, and the policy cannot tell what that is',
  check({ urn, name, props }) {
    const action = at(props, 'networkRuleSet', 'defaultAction');
    if (action === 'Deny' || props.publicNetworkAccess === 'Disabled') return [];
    const property = 'networkRuleSet.defaultAction';
    return [violation({ urn, name }, property, action, 'allows access from networks that are not listed')];
  },
};
