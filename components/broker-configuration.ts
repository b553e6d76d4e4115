// Brings a changed broker configuration to the running machine. In this order: the bundle is uploaded under its hash; the machine
// applies it; the deployment fails unless the machine confirms that the bundle is in force; the bundle becomes the one that a booting
// machine applies; the previous bundle is deleted.
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
  /** Required. The machine's subscription; another one may be selected in the Azure CLI. */
  subscriptionId: Input<string>;
  /** Required. The machine that applies it. */
  machine: VirtualMachine;
  /** Optional. The standby machine: it applies it first, so that a bundle which breaks a broker breaks the one that nobody uses. */
  standby?: VirtualMachine | undefined;
  /** Required. The store that holds the bundles. */
  bundles: BundleStore;
  /** Required. The configuration. */
  bundle: Bundle;
}

/** The bundle in force. */
export class BrokerConfiguration extends ComponentResource {
  constructor(name: string, args: BrokerConfigurationArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:BrokerConfiguration', name, {}, options);
    const { placement, subscriptionId, machine, standby, bundles, bundle } = args;
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

    const { names } = placement;
    const applyTo = (part: string, on: VirtualMachine, vmName: string, after: Resource): Resource => {
      const apply = new RunCommand(
        resourceNames.apply(part),
        {
          runCommandName: COMMAND,
          vmName: on.name,
          resourceGroupName,
          location,
          tags,
          source: { script: script(bundles.url, bundle.hash) },
          // Azure runs a script again when the resource changes. A rebuilt machine has the same name, but another id, so the script
          // runs on it, too.
          parameters: [{ name: 'MACHINE_ID', value: on.vmId }],
          asyncExecution: false,
          treatFailureAsDeploymentFailure: true,
          timeoutInSeconds: TIMEOUT,
        },
        // `pulumi up --replace` runs it again: the old one is deleted first, because the new one has the same name.
        { parent: this, dependsOn: after, deletedWith: on, deleteBeforeReplace: true },
      );

      // Azure's result of the run is not reliable. The command takes names, because a preview does not know ids.
      const place = `--resource-group ${names.own('rg')} --machine ${vmName} --run-command ${COMMAND}`;
      return new LocalCommand(
        resourceNames.inForce(part),
        {
          run: interpolate`npm run --silent ops -- deploy configuration --subscription ${subscriptionId} ${place}`,
          // Not part of the command: a preview shows changed inputs, but only the beginning of a long one.
          environment: { BROKER_BUNDLE: bundle.hash },
        },
        { parent: this, dependsOn: apply, replaceWith: [on], deletedWith: on },
      );
    };
    const tried = standby ? applyTo(`${name}-standby`, standby, names.own('vm', 'standby'), archive) : archive;
    const inForce = applyTo(name, machine, names.own('vm'), tried);

    // Last, so that a bundle which a machine refused is never the one that the next machine boots with. The provider cannot
    // change a blob's content, only replace the blob. So there are two pointers, replaced one after the other: one of them always
    // exists. The copy goes first, because an older stack has none. After a deployment that lost one pointer, the next one may
    // replace the only one that is left (docs/runbooks/broker-configuration.md).
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
 * The script that the machine runs, as root. Azure's agent may be up before the first boot has finished. Success is the last line of
 * broker-apply; without that line the run has failed, even with exit code 0.
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
