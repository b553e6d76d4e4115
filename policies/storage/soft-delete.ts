// ST-06: a blob or container deleted by mistake can be recovered.
import { at } from '../known.ts';
import { follow } from '../links.ts';
import { REQUIRED, type StackRule } from '../rule.ts';
import { BLOB_SERVICE, STORAGE_ACCOUNT } from '../types.ts';

const POLICIES = ['deleteRetentionPolicy', 'containerDeleteRetentionPolicy'];

export const storageSoftDelete: StackRule = {
  id: 'ST-06',
  name: 'storage-soft-delete',
  phase: 2,
  severity: 'low',
  enforcement: 'advisory',
  demand: 'Every storage account has BlobServiceProperties that enable soft delete for blobs and for containers.',
  reason:
    'The account holds the archive and the backups: one wrong lifecycle rule or command would delete them permanently.',
  fix: 'add storage.BlobServiceProperties with deleteRetentionPolicy and containerDeleteRetentionPolicy { enabled: true, days: 7 }',
  sources: [
    'Microsoft Learn, "Soft delete for blobs" (https://learn.microsoft.com/azure/storage/blobs/soft-delete-blob-overview)',
    'CIS Azure Foundations 3.0 4.10, 4.0 10.2.1, 10.3.6',
    'Trivy AZU-0056',
  ],
  properties: {
    'BlobServiceProperties.deleteRetentionPolicy.enabled': REQUIRED,
    'BlobServiceProperties.containerDeleteRetentionPolicy.enabled': REQUIRED,
  },
  checkStack(resources) {
    const kept = resources
      .filter(({ type, props }) => type === BLOB_SERVICE && POLICIES.every((key) => at(props, key, 'enabled') === true))
      .flatMap((service) => {
        const link = follow(service, 'accountName', service.props.accountName, STORAGE_ACCOUNT, resources);
        return Array.isArray(link) ? link : [];
      });
    return resources
      .filter((resource) => resource.type === STORAGE_ACCOUNT && !kept.includes(resource))
      .map(({ urn, name }) => ({
        urn,
        message: `"${name}": no BlobServiceProperties enable soft delete for both blobs and containers.`,
      }));
  },
};
