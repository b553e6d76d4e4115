// The storage account for the broker's configuration bundles, and for nothing else. Only this account has account keys: the provider
// cannot upload a blob without them (pulumi/pulumi-azure-native#2015). docs/decisions/0007 says what somebody with a key could do,
// and why that is accepted.
import { ComponentResource, type ComponentResourceOptions, type Output } from '@pulumi/pulumi';
import type { Placement } from './placement.ts';
import { makeAccount, makeContainer } from './storage-account.ts';

const CONTAINER = 'broker-bundles';
/** Days for which a replaced bundle can be restored. */
const KEPT_DAYS = 30;

/** Arguments of {@link BundleStore}. */
export interface BundleStoreArgs {
  /** Required. Resource group, region, tags and names. */
  placement: Placement;
}

/** Storage account with one private container. */
export class BundleStore extends ComponentResource {
  /** The account's name. */
  readonly accountName: string;
  /** Id of the account. */
  readonly accountId: Output<string>;
  /** The container's name. */
  readonly containerName: Output<string>;
  /** Address of the container. Machines read it with their identity. */
  readonly url: string;
  /** Id of the container, for role assignments. */
  readonly containerId: Output<string>;

  constructor(name: string, { placement }: BundleStoreArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:BundleStore', name, {}, options);
    const parent = { parent: this };
    this.accountName = placement.names.shared('st', 'broker');
    this.url = `https://${this.accountName}.blob.core.windows.net/${CONTAINER}`;

    const account = makeAccount(
      name,
      { placement, accountName: this.accountName, allowSharedKeyAccess: true, keptDays: KEPT_DAYS },
      parent,
    );
    const container = makeContainer(`${name}-container`, { account, containerName: CONTAINER, placement }, parent);

    this.accountId = account.id;
    this.containerName = container.name;
    this.containerId = container.id;
    this.registerOutputs();
  }
}
