// Where messages lie that could not be delivered to the hub: an account of its own, because Event Grid must hold its role on a whole account.
import { ComponentResource, type ComponentResourceOptions, type Output } from '@pulumi/pulumi';
import type { Placement } from './placement.ts';
import { makeAccount, makeContainer } from './storage-account.ts';

/** Days for which a deleted message can be restored. */
const KEPT_DAYS = 7;

/** Arguments of {@link UndeliveredStore}. */
export interface UndeliveredStoreArgs {
  /** Required. Resource group, region, tags and names. */
  placement: Placement;
}

/** Storage account with one private container for undelivered messages. */
export class UndeliveredStore extends ComponentResource {
  /** Id of the account, for role assignments. */
  readonly accountId: Output<string>;
  /** The container's name. */
  readonly containerName = 'undelivered';

  constructor(name: string, { placement }: UndeliveredStoreArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:UndeliveredStore', name, {}, options);
    const account = makeAccount(
      name,
      {
        placement,
        accountName: placement.names.shared('st', 'undeliv'),
        allowSharedKeyAccess: false,
        keptDays: KEPT_DAYS,
      },
      // The only copy of what lies there.
      { parent: this, protect: true },
    );
    makeContainer(`${name}-container`, { account, containerName: this.containerName, placement }, { parent: this });
    this.accountId = account.id;
    this.registerOutputs();
  }
}
