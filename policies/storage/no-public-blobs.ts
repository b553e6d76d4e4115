// ST-03: storage allows no anonymous read access.
import { DEFAULT_IS_SAFE, REQUIRED, type ResourceRule, violation } from '../rule.ts';
import { BLOB_CONTAINER, STORAGE_ACCOUNT } from '../types.ts';

export const noPublicBlobs: ResourceRule = {
  id: 'ST-03',
  name: 'storage-no-public-blobs',
  phase: 0,
  severity: 'critical',
  enforcement: 'mandatory',
  demand:
    'A storage account sets allowBlobPublicAccess to false (its default depends on the API version), and no container sets publicAccess to anything but None.',
  reason: 'One container opened by mistake publishes the telemetry archive and the database backups of every tenant.',
  fix: 'set allowBlobPublicAccess: false on the StorageAccount and publicAccess: "None" on the BlobContainer',
  sources: [
    'Microsoft Learn, "Remediate anonymous read access to blob data" (https://learn.microsoft.com/azure/storage/blobs/anonymous-read-access-prevent)',
    'CIS Azure Foundations 3.0 4.17, 4.0 10.3.9',
    'Checkov CKV_AZURE_59',
    'Trivy AZU-0007',
  ],
  properties: {
    'StorageAccount.allowBlobPublicAccess': REQUIRED,
    'BlobContainer.publicAccess': DEFAULT_IS_SAFE,
  },
  types: [STORAGE_ACCOUNT, BLOB_CONTAINER],
  remedy: { 'StorageAccount.allowBlobPublicAccess': false, 'BlobContainer.publicAccess': 'None' },
  check({ urn, name, type, props }) {
    if (type === STORAGE_ACCOUNT) {
      const value = props.allowBlobPublicAccess;
      return value === false
        ? []
        : [violation({ urn, name }, 'allowBlobPublicAccess', value, 'allows anonymous read access')];
    }
    const value = props.publicAccess ?? 'None';
    return value === 'None' ? [] : [violation({ urn, name }, 'publicAccess', value, 'allows anonymous read access')];
  },
};
