// The common properties of the platform's storage accounts: TLS only, not public, deletions recoverable.
import { BlobContainer } from '@pulumi/azure-native/storage/blobContainer.js';
import { BlobServiceProperties } from '@pulumi/azure-native/storage/blobServiceProperties.js';
import { StorageAccount } from '@pulumi/azure-native/storage/storageAccount.js';
import type { CustomResourceOptions } from '@pulumi/pulumi';
import type { Placement } from './placement.ts';

/** The properties that differ. */
interface AccountArgs {
  placement: Placement;
  accountName: string;
  /** Whether account keys give access, in addition to identities with a role. */
  allowSharedKeyAccess: boolean;
  /** Days for which a deleted blob or container can be restored. */
  keptDays: number;
  /** Where its copies are. Default: LRS, three in one data centre. */
  redundancy?: Redundancy | undefined;
}

/** Of a storage account: in one data centre, in three of a region, or also in another region. */
export type Redundancy = 'LRS' | 'ZRS' | 'GRS';

/** Makes `${name}-account` and `${name}-blobs`. @param options of the account; the other resource has the same parent. */
export function makeAccount(name: string, args: AccountArgs, options: CustomResourceOptions): StorageAccount {
  const { placement, accountName, allowSharedKeyAccess, keptDays, redundancy = 'LRS' } = args;
  const { resourceGroupName, location, tags } = placement;
  const account = new StorageAccount(
    `${name}-account`,
    {
      accountName,
      resourceGroupName,
      location,
      tags,
      allowSharedKeyAccess,
      kind: 'StorageV2',
      sku: { name: `Standard_${redundancy}` },
      accessTier: 'Hot',
      enableHttpsTrafficOnly: true,
      minimumTlsVersion: 'TLS1_2',
      allowBlobPublicAccess: false,
      allowCrossTenantReplication: false,
      defaultToOAuthAuthentication: true,
      isLocalUserEnabled: false,
      // Open to every network, closed to every identity without a role; vault.ts gives the reason.
      publicNetworkAccess: 'Enabled',
    },
    options,
  );
  new BlobServiceProperties(
    `${name}-blobs`,
    {
      accountName: account.name,
      resourceGroupName,
      blobServicesName: 'default',
      deleteRetentionPolicy: { enabled: true, days: keptDays },
      containerDeleteRetentionPolicy: { enabled: true, days: keptDays },
    },
    { parent: options.parent },
  );
  return account;
}

/** Makes a private container in it. */
export function makeContainer(
  name: string,
  { account, containerName, placement }: { account: StorageAccount; containerName: string; placement: Placement },
  options: CustomResourceOptions,
): BlobContainer {
  const { resourceGroupName } = placement;
  return new BlobContainer(
    name,
    { containerName, accountName: account.name, resourceGroupName, publicAccess: 'None' },
    options,
  );
}
