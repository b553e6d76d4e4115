// How a change of the broker's configuration reaches the machine that runs: the bundle is uploaded under its hash, the
// machine is told to apply it and a refusal fails the deployment, as does a machine that does not say that it is in force;
// then it becomes what a booting machine applies, and only when all of that is done the bundle before goes.
import { join } from 'node:path';
import type { VirtualMachine } from '@pulumi/azure-native/compute/virtualMachine.js';
import { VirtualMachineRunCommandByVirtualMachine as RunCommand } from '@pulumi/azure-native/compute/virtualMachineRunCommandByVirtualMachine.js';
import { Blob } from '@pulumi/azure-native/storage/blob.js';
import {
  asset,
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  interpolate,
  type Resource,
} from '@pulumi/pulumi';
import { type Bundle, writeArchive } from '../provisioning/machine/bundle/bundle.ts';
import { POINTERS } from '../provisioning/machine/bundle/contract.ts';
import type { BundleStore } from './bundle-store.ts';
import { LocalCommand } from './local-command.ts';
import type { Placement } from './placement.ts';

/** Where the deployment finds the archive. */
const ARCHIVES = join(import.meta.dirname, '../dist/deployments');
/** The blobs that name the bundle in force, in the order in which they are made. */
const BLOBS = { 'pointer-copy': POINTERS.copy, pointer: POINTERS.pointer };
const COMMAND = 'broker-apply';
/** Seconds. The machine itself gives up earlier: at a first boot it waits for access to the vault and for a certificate. */
const TIMEOUT = 1800;

/** Names of its resources that others refer to, by the component's name. */
export const resourceNames = {
  apply: (name: string) => `${name}-apply`,
  inForce: (name: string) => `${name}-in-force`,
};

/** Arguments of {@link BrokerConfiguration}. */
export interface BrokerConfigurationArgs {
  /** Required. Resource group, region, tags and names. */
  placement: Placement;
  /** Required. The subscription that the deployment works in; the Azure CLI may have another one selected. */
  subscriptionId: Input<string>;
  /** Required. The machine that applies it. */
  machine: VirtualMachine;
  /** Required. The store that holds the bundles. */
  bundles: BundleStore;
  /** Required. The configuration. */
  bundle: Bundle;
}

/** The bundle in force. */
export class BrokerConfiguration extends ComponentResource {
  constructor(name: string, args: BrokerConfigurationArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:BrokerConfiguration', name, {}, options);
    const { placement, subscriptionId, machine, bundles, bundle } = args;
    const { resourceGroupName, location, tags } = placement;
    const { accountName, containerName } = bundles;

    // Each bundle is a resource of its own, with its hash in its name, so it is never replaced: the provider would delete a named
    // blob before it makes the next one, and it refuses to make a blob that still exists when a deployment goes back. As a
    // resource of its own, the previous bundle is deleted at the end of a deployment in which everything else succeeded.
    const archive = new Blob(
      `${name}-bundle-${bundle.hash.slice(0, 12)}`,
      {
        blobName: `${bundle.hash}.tgz`,
        accountName,
        containerName,
        resourceGroupName,
        contentType: 'application/gzip',
        source: new asset.FileAsset(writeArchive(bundle, ARCHIVES)),
      },
      { parent: this },
    );

    const apply = new RunCommand(
      resourceNames.apply(name),
      {
        runCommandName: COMMAND,
        vmName: machine.name,
        resourceGroupName,
        location,
        tags,
        source: { script: script(bundles.url, bundle.hash) },
        // Azure runs a script again when the resource changes. A rebuilt machine has the same name, but another id, so the script
        // runs on it, too.
        parameters: [{ name: 'MACHINE_ID', value: machine.vmId }],
        asyncExecution: false,
        treatFailureAsDeploymentFailure: true,
        timeoutInSeconds: TIMEOUT,
      },
      // By hand it is replaced when it is to run again (`pulumi up --replace`), and the next one has its name.
      { parent: this, dependsOn: archive, deletedWith: machine, deleteBeforeReplace: true },
    );

    // Azure's word for the run is not the last one. Names and no id, which a preview does not know.
    const { names } = placement;
    const place = `--resource-group ${names.own('rg')} --machine ${names.own('vm')} --run-command ${COMMAND}`;
    const inForce = new LocalCommand(
      resourceNames.inForce(name),
      {
        run: interpolate`npm run --silent ops -- deploy configuration --subscription ${subscriptionId} ${place}`,
        // Not in the line: a preview shows what changed, and of a long line its beginning.
        environment: { BROKER_BUNDLE: bundle.hash },
      },
      { parent: this, dependsOn: apply, replaceWith: [machine], deletedWith: machine },
    );

    // Last: what a machine refused never becomes what the next one boots with. The provider cannot change a blob's content
    // but only replace the blob, so there are two, one after the other: while one is replaced the other is there. The copy
    // goes first, because an older stack has none. After a deployment that lost one of them, the next one may replace the
    // only one that is left (docs/runbooks/broker-configuration.md).
    let before: Resource = inForce;
    for (const [role, blobName] of Object.entries(BLOBS)) {
      before = new Blob(
        `${name}-${role}`,
        {
          blobName,
          accountName,
          containerName,
          resourceGroupName,
          contentType: 'text/plain',
          source: new asset.StringAsset(`${bundle.hash}\n`),
        },
        // If the new blob were made first, deleting the old one would delete it: both have the same name.
        { parent: this, dependsOn: before, deleteBeforeReplace: true },
      );
    }

    this.registerOutputs();
  }
}

/**
 * What the machine runs, as root. The agent may be up before the first boot has ended. Success is the line that broker-apply
 * ends with; whatever printed something else failed, with 0 too.
 */
export function script(bundlesUrl: string, hash: string): string {
  return `#!/bin/sh
cloud-init status --wait >/dev/null || cloud-init status --long
code=0
said=$(/usr/local/sbin/broker-apply --from ${bundlesUrl} ${hash} 2>&1) || code=$?
printf '%s\\n' "$said"
if printf '%s\\n' "$said" | grep -qx 'IN FORCE: ${hash}'; then exit "$code"; fi
[ "$code" -ne 0 ] || code=4
exit "$code"
`;
}
