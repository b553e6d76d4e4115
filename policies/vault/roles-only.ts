// KV-03: Azure roles alone control who may read a secret.

import { at, UNKNOWN } from '../known.ts';
import { DEFAULT_IS_SAFE, type Finding, REQUIRED, type ResourceRule, violation } from '../rule.ts';
import { ACCESS_POLICY, VAULT } from '../types.ts';

/** azure-native fills in defaults for `properties` as a whole; one unknown value inside makes all of it unknown. */
const MAKE_KNOWN =
  'make every value inside properties known during preview: one unknown value makes all of them unknown; take tenantId from getClientConfig or configuration instead of another resource';

export const rolesOnly: ResourceRule = {
  id: 'KV-03',
  name: 'vault-roles-only',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'A vault sets properties.enableRbacAuthorization to true and has no access policies, neither in its properties nor as AccessPolicy resources. An absent or unknown value is a violation because the default depends on the API version.',
  reason:
    'Access policies apply to the whole vault and bypass role assignments: anyone who may change the vault can grant themselves access to its secrets.',
  fix: 'set properties.enableRbacAuthorization: true, remove properties.accessPolicies and AccessPolicy resources, and grant roles with authorization.RoleAssignment',
  sources: [
    'Microsoft Learn, "Azure RBAC vs. access policies" (https://learn.microsoft.com/azure/key-vault/general/rbac-access-policy)',
    'CIS Azure Foundations 3.0 3.3.6, 4.0 9.3.6',
  ],
  properties: {
    'Vault.properties.enableRbacAuthorization': REQUIRED,
    'Vault.properties.accessPolicies': DEFAULT_IS_SAFE,
  },
  remedy: 'everyone with an access policy and no equivalent role would lose access',
  types: [VAULT, ACCESS_POLICY],
  check({ urn, name, type, props }) {
    if (type === ACCESS_POLICY) return [{ urn, message: `"${name}" is an access policy.` }];
    const properties = at(props, 'properties');
    if (properties === UNKNOWN)
      return [{ urn, message: `"${name}" has properties that are not known during preview.`, fix: MAKE_KNOWN }];
    const findings: Finding[] = [];
    const usesRoles = at(properties, 'enableRbacAuthorization');
    if (usesRoles !== true)
      findings.push(
        violation(
          { urn, name },
          'properties.enableRbacAuthorization',
          usesRoles,
          'does not use Azure roles for access',
        ),
      );
    const policies = at(properties, 'accessPolicies') ?? undefined;
    if (policies !== undefined && !(Array.isArray(policies) && policies.length === 0)) {
      findings.push({ urn, message: `"${name}" has access policies, or they are not known during preview.` });
    }
    return findings;
  },
};
