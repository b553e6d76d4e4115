// For tests: the row of every rule about storage.
import { immutableBackups } from '../production/immutable-backups.ts';
import { resource, UNKNOWN_TEXT, urnOf } from '../testing/plan.ts';
import type { Specimen } from '../testing/specimen.ts';
import { BLOB_CONTAINER, BLOB_SERVICE, IMMUTABILITY_POLICY, STORAGE_ACCOUNT } from '../types.ts';
import { closedStorageNetwork } from './closed-network.ts';
import { storageHttpsOnly } from './https-only.ts';
import { noPublicBlobs } from './no-public-blobs.ts';
import { noSharedKey } from './no-shared-key.ts';
import { storageSoftDelete } from './soft-delete.ts';
import { storageStrongTls } from './strong-tls.ts';

const account = resource(STORAGE_ACCOUNT, 'account', {
  allowBlobPublicAccess: false,
  allowSharedKeyAccess: false,
  enableHttpsTrafficOnly: true,
  minimumTlsVersion: 'TLS1_2',
  networkRuleSet: { defaultAction: 'Deny' },
});
const backups = resource(BLOB_CONTAINER, 'backups', { containerName: 'database-backups' });

export const STORAGE_SPECIMENS: Specimen[] = [
  { rule: storageHttpsOnly, plan: [account], broken: { 'StorageAccount.enableHttpsTrafficOnly': [false] } },
  {
    rule: storageStrongTls,
    plan: [account],
    broken: { 'StorageAccount.minimumTlsVersion': ['TLS1_0', 'TLS1_1'] },
    fine: { 'StorageAccount.minimumTlsVersion': ['TLS1_3'] },
  },
  {
    rule: noPublicBlobs,
    plan: [account, resource(BLOB_CONTAINER, 'packages', { publicAccess: 'None' })],
    broken: { 'StorageAccount.allowBlobPublicAccess': [true], 'BlobContainer.publicAccess': ['Blob', 'Container'] },
  },
  { rule: noSharedKey, plan: [account], broken: { 'StorageAccount.allowSharedKeyAccess': [true] } },
  {
    rule: closedStorageNetwork,
    plan: [account],
    broken: { 'StorageAccount.networkRuleSet.defaultAction': ['Allow'] },
  },
  {
    rule: storageSoftDelete,
    plan: [
      account,
      resource(
        BLOB_SERVICE,
        'blobs',
        {
          accountName: UNKNOWN_TEXT,
          deleteRetentionPolicy: { enabled: true, days: 7 },
          containerDeleteRetentionPolicy: { enabled: true, days: 7 },
        },
        { accountName: [urnOf(STORAGE_ACCOUNT, 'account')] },
      ),
    ],
    needs: [BLOB_SERVICE],
    broken: {
      'BlobServiceProperties.deleteRetentionPolicy.enabled': [false],
      'BlobServiceProperties.containerDeleteRetentionPolicy.enabled': [false],
    },
  },
  {
    rule: immutableBackups,
    plan: [
      { ...backups, urn: backups.urn.replace(':dev:', ':prod:') },
      resource(IMMUTABILITY_POLICY, 'kept', {
        containerName: 'database-backups',
        immutabilityPeriodSinceCreationInDays: 30,
      }),
    ],
    needs: [IMMUTABILITY_POLICY],
    broken: { 'BlobContainerImmutabilityPolicy.immutabilityPeriodSinceCreationInDays': [0] },
  },
];
