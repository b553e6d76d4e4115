// KV-03: who may read a secret is decided in one place, by Azure roles.

import { at, UNKNOWN } from '../known.ts';
import { DEFAULT_IS_SAFE, type Finding, REQUIRED, type ResourceRule } from '../rule.ts';
import { ACCESS_POLICY, VAULT } from '../types.ts';

/** azure-native fills in defaults for the whole of `properties` at once, which one unknown value inside prevents. */
const MAKE_KNOWN =
  'make every value inside properties known, for one that is not hides them all; take tenantId from getClientConfig or configuration instead of another resource';

export const rolesOnly: ResourceRule = {
  id: 'KV-03',
  name: 'vault-roles-only',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'A vault sets properties.enableRbacAuthorization to true and has no access policies, neither inside nor as AccessPolicy resources. Absent or unknown counts as a violation, for the default depends on the API version.',
  reason:
    'Access policies work for a whole vault and beside all role assignments, so whoever may write the vault may grant himself its secrets.',
  fix: 'set properties.enableRbacAuthorization: true, remove properties.accessPolicies and AccessPolicy resources, and grant roles with authorization.RoleAssignment',
  sources: [
    'Microsoft Learn, "Azure RBAC vs. access policies" (https://learn.microsoft.com/azure/key-vault/general/rbac-access-policy)',
    'CIS Azure Foundations 3.0 3.3.6, 4.0 9.3.6',
  ],
  properties: {
    'Vault.properties.enableRbacAuthorization': REQUIRED,
    'Vault.properties.accessPolicies': DEFAULT_IS_SAFE,
  },
  remedy: 'switching to roles takes the vault from everyone whose access policy has no role in its place',
  types: [VAULT, ACCESS_POLICY],
  check({ urn, name, type, props }) {
    if (type === ACCESS_POLICY) return [{ urn, message: `"${name}" is an access policy.` }];
    const properties = at(props, 'properties');
    if (properties === UNKNOWN)
      return [{ urn, message: `"${name}" has properties that are not known during preview.`, fix: MAKE_KNOWN }];
    const findings: Finding[] = [];
    if (at(properties, 'enableRbacAuthorization') !== true) {
      findings.push({ urn, message: `"${name}" does not surely use Azure roles.` });
    }
    const policies = at(properties, 'accessPolicies') ?? undefined;
    if (policies !== undefined && !(Array.isArray(policies) && policies.length === 0)) {
      findings.push({ urn, message: `"${name}" has access policies, or it is not known whether it has.` });
    }
    return findings;
  },
};
