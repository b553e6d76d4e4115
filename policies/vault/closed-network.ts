// KV-04: a stolen token alone does not reach the vault.
import { at } from '../known.ts';
import { REQUIRED, type ResourceRule } from '../rule.ts';
import { VAULT } from '../types.ts';

export const closedVaultNetwork: ResourceRule = {
  id: 'KV-04',
  name: 'vault-closed-network',
  phase: 1,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'A vault denies networks that are not listed (properties.networkAcls.defaultAction Deny) or has no public access.',
  reason:
    'Identities decide who may read a secret; the network decides from where. With both, a token that leaked is of no use outside.',
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
    'closing it cuts off whatever reads secrets from a network that is not listed, and which that is nobody here knows',
  check({ urn, name, props }) {
    const isClosed =
      at(props, 'properties', 'networkAcls', 'defaultAction') === 'Deny' ||
      at(props, 'properties', 'publicNetworkAccess') === 'Disabled';
    return isClosed ? [] : [{ urn, message: `"${name}" is not surely closed to networks that are not listed.` }];
  },
};
