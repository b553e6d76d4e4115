// What every storage account of the platform is: locally redundant, TLS only, nothing public, deletions kept for a while.

/** Inputs of a StorageAccount. Whether account keys open it is each account's own decision. */
export const STORAGE_ACCOUNT = {
  kind: 'StorageV2',
  sku: { name: 'Standard_LRS' },
  accessTier: 'Hot',
  enableHttpsTrafficOnly: true,
  minimumTlsVersion: 'TLS1_2',
  allowBlobPublicAccess: false,
  allowCrossTenantReplication: false,
  defaultToOAuthAuthentication: true,
  isLocalUserEnabled: false,
  // Open to every network, closed to every identity without a role; the reason is in vault.ts.
  publicNetworkAccess: 'Enabled',
} as const;

/** Inputs of its BlobServiceProperties. @param keptDays how long a deleted blob or container can be brought back, days. */
export const blobService = (keptDays: number) => ({
  blobServicesName: 'default',
  deleteRetentionPolicy: { enabled: true, days: keptDays },
  containerDeleteRetentionPolicy: { enabled: true, days: keptDays },
});
