// VM-05: the machine proves who it is without a stored secret.
import type { ResourceRule } from '../define.ts';
import { at, isObject, type Known, UNKNOWN } from '../known.ts';
import { VIRTUAL_MACHINE } from './types.ts';

/** A list of ids, or the map that Azure returns, with at least one entry; the entries need not be known. */
function hasEntries(identities: Known): boolean {
  if (Array.isArray(identities)) return identities.length > 0;
  return isObject(identities) && Object.keys(identities).length > 0;
}

function hasIdentity(identity: Known): boolean {
  const type = at(identity, 'type');
  if (type === UNKNOWN || typeof type !== 'string') return false;
  const kinds = type.split(',').map((kind) => kind.trim().toLowerCase());
  return (
    kinds.includes('systemassigned') ||
    (kinds.includes('userassigned') && hasEntries(at(identity, 'userAssignedIdentities')))
  );
}

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
  types: [VIRTUAL_MACHINE],
  check: ({ urn, name, props }) =>
    hasIdentity(props.identity)
      ? []
      : [{ urn, message: `"${name}" has no managed identity that is known in the preview.` }],
};
