// KV-06: an identity has a narrow role on a single resource.
import { type Known, UNKNOWN } from '../known.ts';
import type { Resource } from '../resource.ts';
import { type Finding, REQUIRED, SET_IS_ENOUGH, type StackRule } from '../rule.ts';
import { ROLE_ASSIGNMENT, VAULT, VAULT_SECRET } from '../types.ts';

/** Roles that can change everything or grant access. Ids: Microsoft Learn, "Azure built-in roles". */
const PRIVILEGED: Record<string, string> = {
  '8e3af657-a8ff-443c-a75c-2fe8c4bcb635': 'Owner',
  'b24988ac-6180-42a0-ab88-20f7382dd24c': 'Contributor',
  '18d7d88d-d35e-4fb5-a5c3-7773c20a72d9': 'User Access Administrator',
  'f58310d9-a9f6-439a-9e8d-f62e7b41a168': 'Role Based Access Control Administrator',
  '00482a5a-887f-4fb3-b363-3b7fe8e74483': 'Key Vault Administrator',
  '8b54135c-b56d-4d72-a534-26097cfdc8d8': 'Key Vault Data Access Administrator',
};
/** Roles that read secrets, keys or certificates; their scope must be a vault or a secret. */
const VAULT_ROLES = new Set([
  '4633458b-17de-408a-b874-0445c86b69e6', // Key Vault Secrets User
  'b86a8fe4-44ce-4948-aee5-eccb2c155cd7', // Key Vault Secrets Officer
  '12338af0-0e69-4776-bea7-57ae8d297424', // Key Vault Crypto User
  '14b46e9e-c2b7-41b4-b07b-48a6ebf60603', // Key Vault Crypto Officer
  'db79e9a7-68ee-4b58-9aeb-b90e7c24fcba', // Key Vault Certificate User
  'a4417e6f-fecd-4de8-b567-7b0420556985', // Key Vault Certificates Officer
]);
/** Users and groups; everything else, including an absent type, is a workload. */
const PEOPLE: Known[] = ['User', 'Group', 'ForeignGroup'];
/** A management group, a subscription or a resource group: includes resources created later. */
const WIDE =
  /^\/?(?:$|providers\/Microsoft\.Management\/managementGroups\/[^/]+$|subscriptions\/[^/]+(?:\/resourceGroups\/[^/]+)?$)/i;
const RESOURCE_GROUP = 'azure-native:resources:ResourceGroup';

/** True when the scope is certainly a vault or inside one. */
function isInVault(scope: Known, madeFrom: string[]): boolean {
  if (typeof scope === 'string') return /\/providers\/Microsoft\.KeyVault\/vaults\/[^/]+/i.test(scope);
  return madeFrom.includes(VAULT) || madeFrom.includes(VAULT_SECRET);
}

function judge(
  { urn, name, props, propertyDependencies }: Resource,
  typeOf: (urn: string) => string | undefined,
): Finding[] {
  if (PEOPLE.includes(props.principalType)) return [];
  const { roleDefinitionId: definition, scope } = props;
  const role = typeof definition === 'string' ? definition.toLowerCase().split('/').at(-1)! : undefined;
  if (role === undefined) return [{ urn, message: `"${name}": roleDefinitionId is not known during preview.` }];
  const madeFrom = (propertyDependencies.scope ?? []).flatMap((each) => typeOf(each) ?? []);
  const findings: Finding[] = [];
  if (PRIVILEGED[role] !== undefined)
    findings.push({ urn, message: `"${name}" gives a workload the role ${PRIVILEGED[role]}.` });
  const isOnGroup = scope === UNKNOWN && madeFrom.length > 0 && madeFrom.every((type) => type === RESOURCE_GROUP);
  if (typeof scope === 'string' ? WIDE.test(scope) : scope !== UNKNOWN || isOnGroup)
    findings.push({ urn, message: `"${name}" applies to a whole resource group, subscription or management group.` });
  else if (VAULT_ROLES.has(role) && !isInVault(scope, madeFrom))
    findings.push({
      urn,
      message: `"${name}" assigns a vault role, but its scope is not confirmed to be a vault or a secret.`,
    });
  return findings;
}

export const leastPrivilege: StackRule = {
  id: 'KV-06',
  name: 'identity-least-privilege',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'A workload’s identity has no role that can change everything or grant access (Owner, Contributor, User Access Administrator, Key Vault Administrator and similar), no role on a resource group or wider, and roles for secrets only on a vault or a secret. Roles of users and groups are not judged.',
  reason:
    'An attacker who takes over the machine or the app gains its roles; with Contributor, that is the whole environment.',
  fix: 'assign a role from the table in stacks/tables/grants.ts on the narrowest resource, such as Key Vault Secrets User on one secret',
  sources: [
    'Microsoft Learn, "Best practices for Azure RBAC" (https://learn.microsoft.com/azure/role-based-access-control/best-practices)',
    'Microsoft Learn, "Provide access to Key Vault with Azure RBAC" (https://learn.microsoft.com/azure/key-vault/general/rbac-guide)',
  ],
  properties: {
    'RoleAssignment.roleDefinitionId': REQUIRED,
    'RoleAssignment.scope': SET_IS_ENOUGH,
  },
  checkStack(resources) {
    const types = new Map(resources.map(({ urn, type }) => [urn, type]));
    return resources
      .filter(({ type }) => type === ROLE_ASSIGNMENT)
      .flatMap((each) => judge(each, (urn) => types.get(urn)));
  },
};
