// Who the platform's parts are to Azure: one managed identity a workload, made before the workload so that its access is
// in force when it starts (Azure takes up to ten minutes), and kept when the workload is replaced.
import { getClientConfigOutput } from '@pulumi/azure-native/authorization/getClientConfig.js';
import { UserAssignedIdentity } from '@pulumi/azure-native/managedidentity/userAssignedIdentity.js';
import { ComponentResource, type ComponentResourceOptions, type Output } from '@pulumi/pulumi';
import type { Placement } from './placement.ts';

/** Arguments of {@link Identities}. */
export interface IdentitiesArgs {
  /** Required. Where they live and what they are called. */
  placement: Placement;
}

/** The managed identities of the broker machine and of the Function App. */
export class Identities extends ComponentResource {
  /** The broker machine. */
  readonly broker: UserAssignedIdentity;
  /** The Function App. */
  readonly functions: UserAssignedIdentity;
  /** The Entra tenant they belong to, which is the subscription's. */
  readonly tenantId: Output<string>;
  /** The subscription that is deployed into. */
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
    // Asked for, not taken from an identity: it is then known during the preview, and policies can judge the vault.
    const account = getClientConfigOutput({ parent: this });
    this.tenantId = account.tenantId;
    this.subscriptionId = account.subscriptionId;
    this.registerOutputs();
  }
}
