// VM-05: the machine authenticates with a managed identity instead of a stored secret.
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
    'A virtual machine has a managed identity: system-assigned, or user-assigned with at least one identity. An absent or unknown identity counts as none.',
  reason:
    'Without an identity, the machine needs a stored credential to read its secrets, and that credential would be one more secret to deliver and rotate.',
  fix: 'set identity: { type: "SystemAssigned" } or list the identity in identity.userAssignedIdentities',
  sources: [
    'Microsoft Learn, "Managed identities for Azure resources" (https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/overview)',
  ],
  properties: {
    'VirtualMachine.identity': REQUIRED,
    'VirtualMachine.identity.type': REQUIRED,
  },
  remedy: 'a new identity has no roles, so the machine could not read its secrets',
  types: [VIRTUAL_MACHINE],
  check: ({ urn, name, props }) =>
    hasIdentity(props.identity)
      ? []
      : [{ urn, message: `"${name}" has no managed identity, or it is not known during preview.` }],
};
