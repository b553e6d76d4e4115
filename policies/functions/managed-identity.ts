// FN-05: the app authenticates with a managed identity instead of a stored secret, and reads the vault with it.
import { hasIdentity, identityKinds } from '../identity/managed.ts';
import { at, isObject, isSet, type Known } from '../known.ts';
import { type Finding, REQUIRED, type ResourceRule, SET_IS_ENOUGH } from '../rule.ts';
import { SITES } from './settings.ts';

/** What is wrong with the identity that reads Key Vault references; undefined when nothing is. */
function judgeReader(identity: Known, reader: Known): string | undefined {
  const kinds = identityKinds(identity);
  const isSystem = !isSet(reader) || String(reader).toLowerCase() === 'systemassigned';
  if (isSystem)
    return kinds.includes('systemassigned')
      ? undefined
      : 'reads the vault with its system-assigned identity but has none';
  if (!kinds.includes('userassigned')) return 'reads the vault with a user-assigned identity but has none';
  const own = at(identity, 'userAssignedIdentities');
  const ids: Known[] = Array.isArray(own) ? own : isObject(own) ? Object.keys(own) : [];
  const texts = ids.filter((id) => typeof id === 'string').map((id) => id.toLowerCase());
  // Ids that are not known during preview cannot be compared, and are accepted.
  if (typeof reader !== 'string' || texts.length < ids.length) return undefined;
  return texts.includes(reader.toLowerCase())
    ? undefined
    : 'reads the vault with an identity that is not assigned to it';
}

export const appIdentity: ResourceRule = {
  id: 'FN-05',
  name: 'function-app-managed-identity',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'A web or function app and each slot has a managed identity, and keyVaultReferenceIdentity names one of its identities (default: the system-assigned one).',
  reason:
    'Without an identity the app needs a stored credential; with the wrong one, no Key Vault reference resolves and the app starts without its secrets.',
  fix: 'set identity: { type: "UserAssigned", userAssignedIdentities: [id] } and keyVaultReferenceIdentity: id',
  sources: [
    'Microsoft Learn, "Use Key Vault references as app settings" (https://learn.microsoft.com/azure/app-service/app-service-key-vault-references)',
    'Checkov CKV_AZURE_71',
  ],
  properties: {
    'WebApp.identity': REQUIRED,
    'WebApp.keyVaultReferenceIdentity': SET_IS_ENOUGH,
  },
  types: SITES,
  remedy: 'a new identity has no roles, so the app could not read its secrets',
  check({ urn, name, props }): Finding[] {
    if (!hasIdentity(props.identity))
      return [{ urn, message: `"${name}" has no managed identity, or it is not known during preview.` }];
    const wrong = judgeReader(props.identity, props.keyVaultReferenceIdentity);
    return wrong === undefined ? [] : [{ urn, message: `"${name}" ${wrong}.` }];
  },
};
