// Reads the `identity` of a machine or an app, which has the same form for both.
import { at, isObject, type Known } from '../known.ts';

/** True for a list of ids, or the map that Azure returns, with at least one entry; the entries need not be known. */
function hasEntries(identities: Known): boolean {
  if (Array.isArray(identities)) return identities.length > 0;
  return isObject(identities) && Object.keys(identities).length > 0;
}

/** The known kinds of identity, in lower case: `systemassigned`, `userassigned`, both or none. */
export function identityKinds(identity: Known): string[] {
  const type = at(identity, 'type');
  return typeof type === 'string' ? type.split(',').map((kind) => kind.trim().toLowerCase()) : [];
}

/** True for a system-assigned identity, or a user-assigned one with at least one id. */
export function hasIdentity(identity: Known): boolean {
  const kinds = identityKinds(identity);
  return (
    kinds.includes('systemassigned') ||
    (kinds.includes('userassigned') && hasEntries(at(identity, 'userAssignedIdentities')))
  );
}
