// KV-04: a stolen token alone does not give access to the vault.
import { at } from '../known.ts';
import { REQUIRED, type ResourceRule, violation } from '../rule.ts';
import { VAULT } from '../types.ts';

export const closedVaultNetwork: ResourceRule = {
  id: 'KV-04',
  name: 'vault-closed-network',
  phase: 1,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'A vault denies access from networks that are not listed (properties.networkAcls.defaultAction: Deny), or its public network access is disabled.',
  reason:
    'Roles control who may read a secret; network rules control from where. With both, a leaked token is useless outside the listed networks.',
  fix: 'set properties.networkAcls: { defaultAction: "Deny", bypass: "AzureServices", virtualNetworkRules: [...] }, or properties.publicNetworkAccess: "Disabled"',
  sources: [
    'Microsoft Learn, "Configure network security for Azure Key Vault" (https://learn.microsoft.com/azure/key-vault/general/network-security)',
    'CIS Azure Foundations 3.0 3.3.7, 4.0 9.3.7, 9.3.8',
    'Checkov CKV_AZURE_109, CKV_AZURE_189',
    'Trivy AZU-0013',
  ],
  properties: { 'Vault.properties.networkAcls.defaultAction': REQUIRED },
  types: [VAULT],
  remedy:
    'anything that reads secrets from a network that is not listed would lose access, and the policy cannot tell what that is',
  check({ urn, name, props }) {
    const action = at(props, 'properties', 'networkAcls', 'defaultAction');
    if (action === 'Deny' || at(props, 'properties', 'publicNetworkAccess') === 'Disabled') return [];
    const property = 'properties.networkAcls.defaultAction';
    return [violation({ urn, name }, property, action, 'allows access from networks that are not listed')];
  },
};
