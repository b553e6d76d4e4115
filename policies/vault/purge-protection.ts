// KV-01: nobody, not even its owner, empties the vault of a production environment at once.
import { ENVIRONMENT_SCHEMA, isProduction } from '../environment.ts';
import { at, UNKNOWN } from '../known.ts';
import { REQUIRED, type ResourceRule } from '../rule.ts';
import { VAULT } from '../types.ts';

export const purgeProtection: ResourceRule = {
  id: 'KV-01',
  name: 'vault-purge-protection',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'A vault sets properties.enablePurgeProtection to true. Only in a stack known not to be production (dev, test, sandbox, or as configured) may it be absent.',
  reason:
    'Without it whoever may delete the vault can purge it too, and with it every password, key and certificate of the environment.',
  fix: 'set properties.enablePurgeProtection: true; list stacks that may do without in nonProductionStacks of vault-purge-protection',
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
    'it can never be switched off again, and the vault’s name stays taken for as long as it keeps what was deleted',
  check({ urn, name, props }, config) {
    const value = at(props, 'properties', 'enablePurgeProtection');
    const isAbsent = value === undefined || value === null;
    if (value === true || (isAbsent && at(props, 'properties') !== UNKNOWN && !isProduction(urn, config))) return [];
    return [{ urn, message: `"${name}" does not surely have purge protection.` }];
  },
};
