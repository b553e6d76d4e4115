// What becomes of the storage account's members: what was recorded stays, but for what lets in more than the platform needs.
import type { Decision } from '../decisions.ts';

export const STORAGE: Record<string, Decision[]> = {
  'storage-account': [
    {
      at: 'kind',
      outcome: 'set',
      to: 'StorageV2',
      byName: true,
      back: 'none: Azure upgrades an account for good',
      why: 'soft delete and lifecycle rules need an account of the second kind',
    },
    {
      at: 'sku.name',
      outcome: 'kept',
      only: (value) => String(value).startsWith('Premium'),
      byName: true,
      why: 'the policies allow no premium storage: list it for governance-allowed-places-and-sizes, or take --storage none',
    },
    {
      at: 'fileShares',
      outcome: 'taken away',
      why: 'these shares are mounted with an account key, which the account no longer accepts',
    },
    {
      at: 'containers',
      outcome: 'set',
      why: 'these stay, but only identities with a role can open them, not keys or public links',
    },
    { at: 'enableHttpsTrafficOnly', outcome: 'set', to: true, why: 'nothing without TLS, SMB 2 and NFS included' },
    {
      at: 'minimumTlsVersion',
      outcome: 'set',
      only: (value) => value === 'TLS1_0' || value === 'TLS1_1',
      to: 'TLS1_2',
      why: 'no older TLS',
    },
    { at: 'allowBlobPublicAccess', outcome: 'set', to: false, why: 'no public containers and links' },
    { at: 'allowCrossTenantReplication', outcome: 'set', to: false, why: 'copies to accounts of other tenants end' },
    { at: 'defaultToOAuthAuthentication', outcome: 'set', to: true, why: 'the portal signs in with your identity' },
    { at: 'isLocalUserEnabled', outcome: 'set', to: false, why: "SFTP's local users are shut out" },
    {
      at: 'allowSharedKeyAccess',
      outcome: 'set',
      to: false,
      why: 'account keys and connection strings no longer work: file shares, other apps, scripts',
    },
    {
      at: 'publicNetworkAccess',
      outcome: 'kept',
      only: (value) => value !== 'Enabled',
      byName: true,
      why: 'the new Function App is outside: let it in, or take --storage none, and the platform makes an account of its own',
    },
    {
      at: 'networkRuleSet.defaultAction',
      outcome: 'kept',
      only: (value) => value === 'Deny',
      byName: true,
      why: 'the new Function App is on no list: let it in, or take --storage none, and the platform makes an account of its own',
    },
  ],
  'storage-blobs': [
    ...['deleteRetentionPolicy', 'containerDeleteRetentionPolicy'].flatMap((policy): Decision[] => [
      { at: `${policy}.enabled`, outcome: 'set', to: true, why: 'what is deleted can be restored for a week' },
      {
        at: `${policy}.days`,
        outcome: 'set',
        to: 7,
        only: (value) => Number(value) < 7,
        why: 'what is deleted can be restored for a week',
      },
    ]),
  ],
  'storage-lifecycle': [
    {
      at: 'policy.rules.*.definition.actions.baseBlob.delete',
      outcome: 'kept',
      byName: true,
      why: "rules that delete may match the platform's containers too (function-packages, broker-state): give them filters that do not",
    },
  ],
};
