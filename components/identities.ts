// The managed identities of the platform's parts, one for each workload. They are made before the workloads, so that their access is
// in force when those start (it takes Azure up to ten minutes), and kept when a workload is replaced.
import { getClientConfigOutput } from '@pulumi/azure-native/authorization/getClientConfig.js';
import { UserAssignedIdentity } from '@pulumi/azure-native/managedidentity/userAssignedIdentity.js';
import { ComponentResource, type ComponentResourceOptions, type Output } from '@pulumi/pulumi';
import type { Placement } from './placement.ts';

/** Arguments of {@link Identities}. */
export interface IdentitiesArgs {
  /** Required. Resource group, region, tags and names. */
  placement: Placement;
}

/** The managed identities of the broker machine and of the Function App. */
export class Identities extends ComponentResource {
  /** The broker machine. */
  readonly broker: UserAssignedIdentity;
  /** The Function App. */
  readonly functions: UserAssignedIdentity;
  /** The Entra tenant of the subscription and its identities. */
  readonly tenantId: Output<string>;
  /** The subscription of the deployment. */
  readonly subscriptionId: Output<string>;

  constructor(name: string, { placement }: IdentitiesArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:Identities', name, {}, options);
    const { resourceGroupName, location, tags, names } = placement;
    const identity = (role: string) =>
      new UserAssignedIdentity(
        `${name}-${role}`,
        { resourceName: names.own('id', role), resourceGroupName, location, tags },
        { parent: this },
      );
    this.broker = identity('broker');
    this.functions = identity('functions');
    // Asked from Azure, not taken from an identity: so it is known during a preview, and policies can judge the vault.
    const account = getClientConfigOutput({ parent: this });
    this.tenantId = account.tenantId;
    this.subscriptionId = account.subscriptionId;
    this.registerOutputs();
  }
}
