// The environment's broker: the machine that it runs on, the standby beside it where there is one, and their configuration.
import type { VirtualMachine } from '@pulumi/azure-native/compute/virtualMachine.js';
import type { Access } from '../../../components/access.ts';
import { BrokerConfiguration } from '../../../components/broker-configuration.ts';
import { BrokerMachine, DATA_DISK_LUN } from '../../../components/broker-machine.ts';
import type { BundleStore } from '../../../components/bundle-store.ts';
import { functionAppUrl } from '../../../components/function-app.ts';
import type { Identities } from '../../../components/identities.ts';
import type { Placement } from '../../../components/placement.ts';
import type { Storage } from '../../../components/storage.ts';
import type { Vault } from '../../../components/vault.ts';
import type { IngressRule } from '../../../domain/ingress.ts';
import { renderMachine } from '../../../provisioning/machine/render.ts';
import type { StackConfig } from '../../configuration/parse.ts';
import { BROKER_CONFIGURATION } from '../../names.ts';
import { brokerBundle } from './bundle.ts';
import type { Endpoint } from './endpoint.ts';

/** Arguments of {@link makeBroker}. */
export interface BrokerArgs extends Pick<Endpoint, 'network' | 'ingress' | 'brokerHost' | 'ownHosts'> {
  config: StackConfig;
  placement: Placement;
  identities: Identities;
  access: Access;
  vault: Vault;
  storage: Storage;
  bundles: BundleStore;
}

/** The machines. */
export interface BrokerMachines {
  machine: VirtualMachine;
  standby: VirtualMachine | undefined;
}

/** Makes machines and configuration. */
export function makeBroker(args: BrokerArgs): BrokerMachines {
  const { config, placement, identities, access, network, ingress, bundles } = args;
  const cloudInit = userData(ingress, bundles.url);
  const machineArgs = { ...config, placement, identity: identities.broker, access, network, cloudInit };
  const { machine } = new BrokerMachine('broker', machineArgs);
  // The same identity: it is the same work, with the same rights.
  const standby =
    network.standby &&
    new BrokerMachine('standby', { ...machineArgs, network: network.standby, role: 'standby' }).machine;
  const { subscriptionId } = identities;
  const bundle = brokerBundle({ ...args, functionAppUrl: functionAppUrl(placement.names) });
  new BrokerConfiguration(BROKER_CONFIGURATION, {
    placement,
    subscriptionId,
    machine,
    standby,
    bundles,
    bundle,
  });
  return { machine, standby };
}

/** The machine's user data, for its first boot. @param bundlesUrl the container from which it fetches its configuration. */
export function userData(ingress: IngressRule[], bundlesUrl: string): string {
  return renderMachine({ ingress, bundlesUrl, dataDiskLun: DATA_DISK_LUN });
}
