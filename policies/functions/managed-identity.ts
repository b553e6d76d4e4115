// FN-05: the app proves who it is without a stored secret, and reads the vault as that identity.
import { hasIdentity, identityKinds } from '../identity/managed.ts';
import { at, isObject, isSet, type Known } from '../known.ts';
import { type Finding, REQUIRED, type ResourceRule, SET_IS_ENOUGH } from '../rule.ts';
import { SITES } from './settings.ts';

/** What is wrong with the identity by which Key Vault references are read; undefined when nothing is. */
function judgeReader(identity: Known, reader: Known): string | undefined {
  const kinds = identityKinds(identity);
  const isSystem = !isSet(reader) || String(reader).toLowerCase() === 'systemassigned';
  if (isSystem)
    return kinds.includes('systemassigned') ? undefined : 'reads the vault as an identity that it does not have';
  if (!kinds.includes('userassigned')) return 'reads the vault as a user-assigned identity and has none';
  const own = at(identity, 'userAssignedIdentities');
  const ids: Known[] = Array.isArray(own) ? own : isObject(own) ? Object.keys(own) : [];
  const texts = ids.filter((id) => typeof id === 'string').map((id) => id.toLowerCase());
  // Ids that the preview does not know cannot be compared; nothing then says that they differ.
  if (typeof reader !== 'string' || texts.length < ids.length) return undefined;
  return texts.includes(reader.toLowerCase()) ? undefined : 'reads the vault as an identity that is not among its own';
}

export const appIdentity: ResourceRule = {
  id: 'FN-05',
  name: 'function-app-managed-identity',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'A web or function app and each slot has a managed identity, and keyVaultReferenceIdentity names one that it has: absent it means the system-assigned one.',
  reason:
    'Without an identity the app needs a stored credential; with the wrong one every Key Vault reference stays unresolved and the app starts without its secrets.',
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
  remedy: 'a new identity has no roles, so the app would start and fail to read its secrets',
  check({ urn, name, props }): Finding[] {
    if (!hasIdentity(props.identity))
      return [{ urn, message: `"${name}" has no managed identity that is known in the preview.` }];
    const wrong = judgeReader(props.identity, props.keyVaultReferenceIdentity);
    return wrong === undefined ? [] : [{ urn, message: `"${name}" ${wrong}.` }];
  },
};
