// The environment's storage account: state and packages of the Function App, and copies of the broker's state. Only identities have
// access: there are no keys that could leak.
import { ManagementPolicy } from '@pulumi/azure-native/storage/managementPolicy.js';
import { ComponentResource, type ComponentResourceOptions, type Output } from '@pulumi/pulumi';
import type { Placement } from './placement.ts';
import { makeAccount, makeContainer } from './storage-account.ts';

const PACKAGES = 'function-packages';
const BROKER_STATE = 'broker-state';
const KEPT_DAYS = 7;
/** Days. A session ends after two weeks without use, so an older copy of the broker's state is useless. */
const BROKER_STATE_DAYS = 14;

/** Arguments of {@link Storage}. */
export interface StorageArgs {
  /** Required. Resource group, region, tags and names. */
  placement: Placement;
}

/** Storage account with private containers for function packages and for copies of the broker's state. */
export class Storage extends ComponentResource {
  /** The account's name. */
  readonly accountName: string;
  /** Id of the account, for role assignments. */
  readonly accountId: Output<string>;
  /** Address of the container from which the Function App is deployed. */
  readonly packagesUrl: string;
  /** Address of the container for copies of the broker's state. */
  readonly brokerStateUrl: string;
  /** Id of that container, for role assignments. */
  readonly brokerStateId: Output<string>;

  constructor(name: string, { placement }: StorageArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:Storage', name, {}, options);
    const parent = { parent: this };
    this.accountName = placement.names.shared('st');
    this.packagesUrl = `https://${this.accountName}.blob.core.windows.net/${PACKAGES}`;
    this.brokerStateUrl = `https://${this.accountName}.blob.core.windows.net/${BROKER_STATE}`;

    const account = makeAccount(
      name,
      // No account keys: the Function App's host and its deployments sign in with the identity.
      { placement, accountName: this.accountName, allowSharedKeyAccess: false, keptDays: KEPT_DAYS },
      // The copies of the broker's state: a machine whose disk is lost starts from one.
      { parent: this, protect: true },
    );

    makeContainer(`${name}-packages`, { account, containerName: PACKAGES, placement }, parent);
    const brokerState = makeContainer(
      `${name}-${BROKER_STATE}`,
      { account, containerName: BROKER_STATE, placement },
      parent,
    );

    // Azure deletes old copies, so the machine that makes them needs no right to delete.
    new ManagementPolicy(
      `${name}-lifecycle`,
      {
        managementPolicyName: 'default',
        accountName: account.name,
        resourceGroupName: placement.resourceGroupName,
        policy: {
          rules: [
            {
              name: 'old-broker-state',
              type: 'Lifecycle',
              enabled: true,
              definition: {
                filters: { blobTypes: ['blockBlob'], prefixMatch: [`${BROKER_STATE}/state-`] },
                actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: BROKER_STATE_DAYS } } },
              },
            },
          ],
        },
      },
      parent,
    );

    this.accountId = account.id;
    this.brokerStateId = brokerState.id;
    this.registerOutputs();
  }
}
