// KV-02: deleted secrets can be recovered.
import { ENVIRONMENT_SCHEMA, isProduction } from '../environment.ts';
import { at } from '../known.ts';
import { DEFAULT_IS_SAFE, type Finding, type ResourceRule, violation } from '../rule.ts';
import { VAULT } from '../types.ts';

/** Azure's shortest and longest retention, days. The longest is the default. */
const LEAST = 7;
const MOST = 90;

export const softDelete: ResourceRule = {
  id: 'KV-02',
  name: 'vault-soft-delete',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'A vault does not disable soft delete and retains deleted secrets for at least 7 days, in production for 90 days (Azure’s default).',
  reason: 'The loss of a secret deleted by mistake shows only when a service restarts, which may be weeks later.',
  fix: 'remove properties.enableSoftDelete and set mqtt-saas:vaultRetentionDays to 90 (properties.softDeleteRetentionInDays)',
  sources: [
    'Microsoft Learn, "Azure Key Vault soft-delete overview" (https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview)',
    'Checkov CKV_AZURE_111',
  ],
  properties: {
    'Vault.properties.enableSoftDelete': DEFAULT_IS_SAFE,
    'Vault.properties.softDeleteRetentionInDays': DEFAULT_IS_SAFE,
  },
  configSchema: ENVIRONMENT_SCHEMA,
  types: [VAULT],
  remedy: 'the retention cannot be changed once the vault exists; another value needs a new vault',
  check({ urn, name, props }, config): Finding[] {
    const enabled = at(props, 'properties', 'enableSoftDelete') ?? true;
    const days = at(props, 'properties', 'softDeleteRetentionInDays') ?? MOST;
    const least = isProduction(urn, config) ? MOST : LEAST;
    const findings: Finding[] = [];
    if (enabled !== true)
      findings.push(violation({ urn, name }, 'properties.enableSoftDelete', enabled, 'disables soft delete'));
    if (typeof days !== 'number' || days < least)
      findings.push(
        violation(
          { urn, name },
          'properties.softDeleteRetentionInDays',
          days,
          `does not retain deleted secrets for ${least} days`,
        ),
      );
    return findings;
  },
};
