// For tests: the row of every rule about the vault and who may use it.
import { leastPrivilege } from '../identity/least-privilege.ts';
import { resource, UNKNOWN_TEXT, urnOf } from '../testing/plan.ts';
import type { Specimen } from '../testing/specimen.ts';
import { ROLE_ASSIGNMENT, VAULT, VAULT_SECRET } from '../types.ts';
import { closedVaultNetwork } from './closed-network.ts';
import { datedSecrets } from './dated-secrets.ts';
import { purgeProtection } from './purge-protection.ts';
import { rolesOnly } from './roles-only.ts';
import { softDelete } from './soft-delete.ts';

const ROLE = '/providers/Microsoft.Authorization/roleDefinitions/';
const SECRETS_USER = `${ROLE}4633458b-17de-408a-b874-0445c86b69e6`;
const vault = resource(VAULT, 'vault', {
  properties: {
    enablePurgeProtection: true,
    enableRbacAuthorization: true,
    softDeleteRetentionInDays: 90,
    networkAcls: { defaultAction: 'Deny' },
  },
});
const inProduction = { ...vault, urn: vault.urn.replace(':dev:', ':prod:') };

export const VAULT_SPECIMENS: Specimen[] = [
  {
    rule: purgeProtection,
    plan: [inProduction],
    broken: { 'Vault.properties.enablePurgeProtection': [false] },
  },
  {
    rule: softDelete,
    plan: [inProduction],
    broken: {
      'Vault.properties.enableSoftDelete': [false],
      'Vault.properties.softDeleteRetentionInDays': [6, 7, 89],
    },
    fine: { 'Vault.properties.enableSoftDelete': [true] },
  },
  {
    rule: rolesOnly,
    plan: [vault],
    broken: {
      'Vault.properties.enableRbacAuthorization': [false],
      'Vault.properties.accessPolicies': [[{ objectId: 'x' }]],
    },
    fine: { 'Vault.properties.accessPolicies': [[]] },
  },
  {
    rule: closedVaultNetwork,
    plan: [vault],
    broken: { 'Vault.properties.networkAcls.defaultAction': ['Allow'] },
  },
  {
    rule: datedSecrets,
    plan: [
      resource(VAULT_SECRET, 'secret', {
        properties: { contentType: 'password', attributes: { expires: 1_800_000_000 } },
      }),
    ],
    broken: { 'Secret.properties.attributes.expires': [0], 'Secret.properties.contentType': [''] },
  },
  {
    rule: leastPrivilege,
    plan: [
      vault,
      resource(
        ROLE_ASSIGNMENT,
        'reads-secret',
        { roleDefinitionId: SECRETS_USER, scope: UNKNOWN_TEXT, principalType: 'ServicePrincipal' },
        { scope: [urnOf(VAULT, 'vault')] },
      ),
    ],
    broken: {
      'RoleAssignment.roleDefinitionId': [
        `${ROLE}8e3af657-a8ff-443c-a75c-2fe8c4bcb635`,
        `${ROLE}B24988AC-6180-42A0-AB88-20F7382DD24C`,
        `${ROLE}18d7d88d-d35e-4fb5-a5c3-7773c20a72d9`,
        `${ROLE}00482a5a-887f-4fb3-b363-3b7fe8e74483`,
      ],
      'RoleAssignment.scope': [
        '/subscriptions/0',
        '/subscriptions/0/resourceGroups/rg',
        '/subscriptions/0/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm',
      ],
    },
    fine: {
      'RoleAssignment.scope': ['/subscriptions/0/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/v/secrets/s'],
    },
  },
];
