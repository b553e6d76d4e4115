// ST-04: storage is opened by identities, not by a key that opens everything for ever.
import { REQUIRED, type ResourceRule } from '../rule.ts';
import { STORAGE_ACCOUNT } from '../types.ts';

export const noSharedKey: ResourceRule = {
  id: 'ST-04',
  name: 'storage-no-shared-key',
  phase: 1,
  severity: 'medium',
  enforcement: 'advisory',
  demand: 'A storage account sets allowSharedKeyAccess to false. Absent means true.',
  reason:
    'An account key gives everything in the account to whoever has it, for nobody in particular, until somebody changes it.',
  fix: 'set allowSharedKeyAccess: false and give roles such as Storage Blob Data Contributor',
  sources: [
    'Microsoft Learn, "Prevent authorization with Shared Key" (https://learn.microsoft.com/azure/storage/common/shared-key-authorization-prevent)',
  ],
  properties: { 'StorageAccount.allowSharedKeyAccess': REQUIRED },
  types: [STORAGE_ACCOUNT],
  remedy: 'whatever still signs in with a key would stop at once',
  check: ({ urn, name, props }) =>
    props.allowSharedKeyAccess === false ? [] : [{ urn, message: `"${name}" does not surely refuse account keys.` }],
};
