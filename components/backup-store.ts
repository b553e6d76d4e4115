// Where the database's backups lie, or the archive of readings, and who writes them: an account of its own, so that neither the machine nor the
// Function App can reach them, and an identity that only their runner can become. It needs no password: the runner's own issuer vouches for it.
import { FederatedIdentityCredential } from '@pulumi/azure-native/managedidentity/federatedIdentityCredential.js';
import { UserAssignedIdentity } from '@pulumi/azure-native/managedidentity/userAssignedIdentity.js';
import { BlobContainerImmutabilityPolicy } from '@pulumi/azure-native/storage/blobContainerImmutabilityPolicy.js';
import { ManagementPolicy } from '@pulumi/azure-native/storage/managementPolicy.js';
import { ComponentResource, type ComponentResourceOptions, type Output } from '@pulumi/pulumi';
import type { Placement } from './placement.ts';
import { makeAccount, makeContainer, type Redundancy } from './storage-account.ts';

const CONTAINERS = { backup: 'database-backups', archive: 'readings-archive' } as const;
/** Days after which an archived object moves to cheaper storage, from which reading costs more. */
const COOL_DAYS = 30;
/** Days for which a deleted backup can be restored. */
const KEPT_DAYS = 7;
const GITHUB = 'https://token.actions.githubusercontent.com';

/** Arguments of {@link BackupStore}. */
export interface BackupStoreArgs {
  /** Required. Resource group, region, tags and names. */
  placement: Placement;
  /** Optional. What lies there. Default: `backup`. */
  purpose?: keyof typeof CONTAINERS;
  /** Required. Subject of the GitHub token of the workflow's job, such as `repo:acme/mqtt-saas:environment:backup-prod`. */
  runner: string;
  /** Optional. Days for which nobody can change or delete a backup, 1 to 146,000. Default: none. */
  immutableDays?: number;
  /** Optional. Where the account's copies are. Default: in one data centre. */
  redundancy?: Redundancy;
}

/** Storage account with one private container, and the identity that writes to it. */
export class BackupStore extends ComponentResource {
  /** Address of the container. */
  readonly url: string;
  /** Id of the container, for role assignments. */
  readonly containerId: Output<string>;
  /** Id of the account. */
  readonly accountId: Output<string>;
  /** The identity of the runner. */
  readonly identity: UserAssignedIdentity;

  constructor(name: string, args: BackupStoreArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:BackupStore', name, {}, options);
    const { placement, runner, immutableDays, redundancy, purpose = 'backup' } = args;
    const { resourceGroupName, location, tags, names } = placement;
    const accountName = names.shared('st', purpose);
    this.url = `https://${accountName}.blob.core.windows.net/${CONTAINERS[purpose]}`;

    const account = makeAccount(
      name,
      { placement, accountName, allowSharedKeyAccess: false, keptDays: KEPT_DAYS, redundancy },
      // What is left when everything else is gone.
      { parent: this, protect: true },
    );
    const container = makeContainer(
      `${name}-container`,
      { account, containerName: CONTAINERS[purpose], placement },
      { parent: this },
    );
    if (immutableDays !== undefined)
      new BlobContainerImmutabilityPolicy(
        `${name}-immutability`,
        {
          accountName: account.name,
          containerName: container.name,
          resourceGroupName,
          immutabilityPolicyName: 'default',
          immutabilityPeriodSinceCreationInDays: immutableDays,
        },
        { parent: this },
      );

    if (purpose === 'archive')
      new ManagementPolicy(
        `${name}-lifecycle`,
        {
          managementPolicyName: 'default',
          accountName: account.name,
          resourceGroupName,
          policy: {
            rules: [
              {
                name: 'cool',
                type: 'Lifecycle',
                enabled: true,
                definition: {
                  filters: { blobTypes: ['blockBlob'], prefixMatch: [`${CONTAINERS[purpose]}/archive/`] },
                  actions: { baseBlob: { tierToCool: { daysAfterModificationGreaterThan: COOL_DAYS } } },
                },
              },
            ],
          },
        },
        { parent: this },
      );

    this.identity = new UserAssignedIdentity(
      `${name}-identity`,
      { resourceName: names.own('id', purpose), resourceGroupName, location, tags },
      { parent: this },
    );
    new FederatedIdentityCredential(
      `${name}-runner`,
      {
        federatedIdentityCredentialResourceName: 'runner',
        resourceName: this.identity.name,
        resourceGroupName,
        issuer: GITHUB,
        subject: runner,
        audiences: ['api://AzureADTokenExchange'],
      },
      { parent: this },
    );
    this.accountId = account.id;
    this.containerId = container.id;
    this.registerOutputs();
  }
}
