// Where the database's backups lie, and who writes them: an account of its own, so that neither the machine nor the Function App can
// reach them, and an identity that only the runner of the backups can become. It needs no password: the runner's own issuer vouches for it.
import { FederatedIdentityCredential } from '@pulumi/azure-native/managedidentity/federatedIdentityCredential.js';
import { UserAssignedIdentity } from '@pulumi/azure-native/managedidentity/userAssignedIdentity.js';
import { BlobContainerImmutabilityPolicy } from '@pulumi/azure-native/storage/blobContainerImmutabilityPolicy.js';
import { ComponentResource, type ComponentResourceOptions, type Output } from '@pulumi/pulumi';
import type { Placement } from './placement.ts';
import { makeAccount, makeContainer } from './storage-account.ts';

const CONTAINER = 'database-backups';
/** Days for which a deleted backup can be restored. */
const KEPT_DAYS = 7;
const GITHUB = 'https://token.actions.githubusercontent.com';

/** Arguments of {@link BackupStore}. */
export interface BackupStoreArgs {
  /** Required. Resource group, region, tags and names. */
  placement: Placement;
  /** Required. Subject of the GitHub token of the workflow's job, such as `repo:acme/mqtt-saas:environment:backup-prod`. */
  runner: string;
  /** Optional. Days for which nobody can change or delete a backup, 1 to 146,000. Default: none. */
  immutableDays?: number;
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
    const { placement, runner, immutableDays } = args;
    const { resourceGroupName, location, tags, names } = placement;
    const accountName = names.shared('st', 'backup');
    this.url = `https://${accountName}.blob.core.windows.net/${CONTAINER}`;

    const account = makeAccount(
      name,
      { placement, accountName, allowSharedKeyAccess: false, keptDays: KEPT_DAYS },
      // What is left when everything else is gone.
      { parent: this, protect: true },
    );
    const container = makeContainer(
      `${name}-container`,
      { account, containerName: CONTAINER, placement },
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

    this.identity = new UserAssignedIdentity(
      `${name}-identity`,
      { resourceName: names.own('id', 'backup'), resourceGroupName, location, tags },
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
