// KV-01: a deleted production vault and its secrets can be recovered; not even the owner can purge them.
import { ENVIRONMENT_SCHEMA, isProduction } from '../environment.ts';
import { at, UNKNOWN } from '../known.ts';
import { REQUIRED, type ResourceRule, violation } from '../rule.ts';
import { VAULT } from '../types.ts';

export const purgeProtection: ResourceRule = {
  id: 'KV-01',
  name: 'vault-purge-protection',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'A vault sets properties.enablePurgeProtection to true. It may be absent only in a stack that is not production (dev, test, sandbox, or as configured).',
  reason:
    'Without purge protection, anyone who may delete the vault can also purge it, with every password, key and certificate of the environment.',
  fix: 'set properties.enablePurgeProtection: true, or list a stack that does not need it in nonProductionStacks of vault-purge-protection',
  sources: [
    'Microsoft Learn, "Azure Key Vault recovery management" (https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview)',
    'CIS Azure Foundations 3.0 3.3.5, 4.0 9.3.5',
    'Checkov CKV_AZURE_42, CKV_AZURE_110',
    'Trivy AZU-0016',
  ],
  properties: { 'Vault.properties.enablePurgeProtection': REQUIRED },
  configSchema: ENVIRONMENT_SCHEMA,
  types: [VAULT],
  remedy:
    'purge protection can never be disabled again, and the vault’s name stays reserved until the retention period ends',
  check({ urn, name, props }, config) {
    const value = at(props, 'properties', 'enablePurgeProtection');
    const isAbsent = value === undefined || value === null;
    if (value === true || (isAbsent && at(props, 'properties') !== UNKNOWN && !isProduction(urn, config))) return [];
    return [violation({ urn, name }, 'properties.enablePurgeProtection', value, 'does not enable purge protection')];
  },
};
