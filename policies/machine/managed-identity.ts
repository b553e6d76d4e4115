// VM-05: the machine proves who it is without a stored secret.

import { hasIdentity } from '../identity/managed.ts';
import { REQUIRED, type ResourceRule } from '../rule.ts';
import { VIRTUAL_MACHINE } from '../types.ts';

export const managedIdentity: ResourceRule = {
  id: 'VM-05',
  name: 'vm-managed-identity',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'A virtual machine has a managed identity: system-assigned, or user-assigned with at least one identity. Absent or unknown counts as none.',
  reason:
    'Without an identity the machine needs a stored credential to read its secrets, and that credential would have to be put on it somehow.',
  fix: 'set identity: { type: "SystemAssigned" } or list the identity in identity.userAssignedIdentities',
  sources: [
    'Microsoft Learn, "Managed identities for Azure resources" (https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/overview)',
  ],
  properties: {
    'VirtualMachine.identity': REQUIRED,
    'VirtualMachine.identity.type': REQUIRED,
  },
  remedy: 'a new identity has no roles, so the machine would start and fail to read its secrets',
  types: [VIRTUAL_MACHINE],
  check: ({ urn, name, props }) =>
    hasIdentity(props.identity)
      ? []
      : [{ urn, message: `"${name}" has no managed identity that is known in the preview.` }],
};
