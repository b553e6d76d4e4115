// The storage account of the broker's configuration bundles, and of nothing else. It alone has account keys: the provider
// uploads a blob with them and in no other way (pulumi/pulumi-azure-native#2015). What could be done with them, and why
// that is accepted, is in docs/decisions/0007.
import { ComponentResource, type ComponentResourceOptions, type Output } from '@pulumi/pulumi';
import type { Placement } from './placement.ts';
import { makeAccount, makeContainer } from './storage-account.ts';

const CONTAINER = 'broker-bundles';
/** A bundle that a deployment replaced can be brought back for this long, days. */
const KEPT_DAYS = 30;

/** Arguments of {@link BundleStore}. */
export interface BundleStoreArgs {
  /** Required. Where it lives and what it is called. */
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
