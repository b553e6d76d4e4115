// KV-05: a secret has an expiry date and a content type.
import { at, isSet } from '../known.ts';
import { type Finding, type ResourceRule, SET_IS_ENOUGH } from '../rule.ts';
import { VAULT_SECRET } from '../types.ts';

export const datedSecrets: ResourceRule = {
  id: 'KV-05',
  name: 'vault-dated-secrets',
  phase: 1,
  severity: 'medium',
  enforcement: 'advisory',
  demand: 'Every secret has an expiry date and a content type.',
  reason:
    'Key Vault sends a notification before a secret expires, and an operator must see what a secret is for before rotating it.',
  fix: 'set properties.attributes.expires (seconds since 1970) and properties.contentType on the Secret',
  sources: [
    'Microsoft Learn, "About Azure Key Vault secrets" (https://learn.microsoft.com/azure/key-vault/secrets/about-secrets)',
    'CIS Azure Foundations 3.0 3.3.3, 4.0 9.3.3',
    'Checkov CKV_AZURE_41, CKV_AZURE_114',
    'Trivy AZU-0015, AZU-0017',
  ],
  properties: {
    'Secret.properties.attributes.expires': SET_IS_ENOUGH,
    'Secret.properties.contentType': SET_IS_ENOUGH,
  },
  types: [VAULT_SECRET],
  remedy: 'the operator who rotates the secret decides when it expires',
  check({ urn, name, props }): Finding[] {
    const findings: Finding[] = [];
    const expires = at(props, 'properties', 'attributes', 'expires');
    if (!isSet(expires) || expires === 0) findings.push({ urn, message: `"${name}" has no expiry date.` });
    if (!isSet(at(props, 'properties', 'contentType')))
      findings.push({ urn, message: `"${name}" has no content type.` });
    return findings;
  },
};
