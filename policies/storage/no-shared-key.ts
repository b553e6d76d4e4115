// ST-04: storage is accessed with identities, not with an account key that gives full access and never expires.
import { REQUIRED, type ResourceRule, violation } from '../rule.ts';
import { STORAGE_ACCOUNT } from '../types.ts';

export const noSharedKey: ResourceRule = {
  id: 'ST-04',
  name: 'storage-no-shared-key',
  phase: 1,
  severity: 'medium',
  enforcement: 'advisory',
  demand: 'A storage account sets allowSharedKeyAccess to false. The default is true.',
  reason:
    'An account key gives full access to the account, cannot be traced to a user and is valid until it is rotated.',
  fix: 'set allowSharedKeyAccess: false and assign roles such as Storage Blob Data Contributor',
  sources: [
    'Microsoft Learn, "Prevent authorization with Shared Key" (https://learn.microsoft.com/azure/storage/common/shared-key-authorization-prevent)',
  ],
  properties: { 'StorageAccount.allowSharedKeyAccess': REQUIRED },
  types: [STORAGE_ACCOUNT],
  remedy: 'anything that still uses an account key would stop working at once',
  check: ({ urn, name, props }) =>
    props.allowSharedKeyAccess === false
      ? []
      : [violation({ urn, name }, 'allowSharedKeyAccess', props.allowSharedKeyAccess, 'accepts account keys')],
};
