// Scenarios of the broker's side: identities, network, machine, configuration.
import { ingressRules } from '../../../domain/ingress.ts';
import { exampleConfig } from '../../../stacks/configuration/example.ts';
import { brokerBundle } from '../../../stacks/profiles/machine/bundle.ts';
import { BackupStore } from '../../backup-store.ts';
import { BrokerConfiguration } from '../../broker-configuration.ts';
import { BrokerDns } from '../../broker-dns.ts';
import { BrokerMachine } from '../../broker-machine.ts';
import { BundleStore } from '../../bundle-store.ts';
import { Identities } from '../../identities.ts';
import { IotHub } from '../../iot-hub.ts';
import { Network } from '../../network.ts';
import { PrivateCa } from '../../private-ca.ts';
import type { Scenarios, World } from './scenario.ts';

const SSH_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICTih6NsXavdHXSZNi/lVsXpREUUhabVa/jz1DU3YQ2F example';
const ZONE = { zoneId: '0123456789abcdef0123456789abcdef', accountId: 'fedcba9876543210fedcba9876543210' };

export const identities: Scenarios<Identities> = {
  defaults: ({ name, placement }) => new Identities(name('identities'), { placement }),
  max: ({ name, placement }) => new Identities(name('identities'), { placement }),
  hardened: ({ name, placement }) => new Identities(name('identities'), { placement }, { protect: true }),
};

export const network: Scenarios<Network> = {
  defaults: ({ name, placement }) =>
    new Network(name('network'), {
      placement,
      addressSpace: '10.20.0.0/24',
      subnetPrefix: '10.20.0.0/28',
      ingress: ingressRules({ adminCidrs: ['203.0.113.10/32'] }),
    }),
  max: ({ name, placement }) =>
    new Network(name('network'), {
      placement,
      addressSpace: '10.0.0.0/8',
      subnetPrefix: '10.1.0.0/16',
      ingress: ingressRules({
        adminCidrs: ['203.0.113.10/32', '203.0.113.20/32', '2001:db8::7/128'],
        webSocket: true,
        https: true,
      }),
    }),
  hardened: ({ name, placement }) =>
    new Network(name('network'), {
      placement,
      addressSpace: '10.20.0.0/25',
      subnetPrefix: '10.20.0.0/29',
      ingress: ingressRules({ adminCidrs: ['203.0.113.10/32'] }),
    }),
};

/** What every machine needs, whatever its size. */
const machine = ({ placement, identities: { broker: identity }, access, network }: World) => ({
  placement,
  identity,
  access,
  network,
  sshPublicKey: SSH_KEY,
  cloudInit: '#cloud-config\n',
});

export const broker: Scenarios<BrokerMachine> = {
  defaults: (world) =>
    new BrokerMachine(world.name('broker'), {
      ...machine(world),
      vmSize: 'Standard_B1s',
      dataDiskGb: 8,
      encryptionAtHost: true,
    }),
  max: (world) =>
    new BrokerMachine(world.name('broker'), {
      ...machine(world),
      vmSize: 'Standard_B2as_v2',
      dataDiskGb: 1024,
      encryptionAtHost: true,
    }),
  hardened: (world) =>
    new BrokerMachine(world.name('broker'), {
      ...machine(world),
      vmSize: 'Standard_B2ts_v2',
      dataDiskGb: 4,
      encryptionAtHost: true,
    }),
};

const RUNNER = 'repo:acme/mqtt-saas:environment:backup-prod';

export const backups: Scenarios<BackupStore> = {
  defaults: ({ name, placement }) => new BackupStore(name('backups'), { placement, runner: RUNNER }),
  max: ({ name, placement }) =>
    new BackupStore(name('backups'), { placement, purpose: 'archive', runner: RUNNER, immutableDays: 30 }),
  hardened: ({ name, placement }) =>
    new BackupStore(name('backups'), { placement, runner: RUNNER, immutableDays: 30 }, { protect: true }),
};

export const bundles: Scenarios<BundleStore> = {
  defaults: ({ name, placement }) => new BundleStore(name('bundles'), { placement }),
  max: ({ name, placement }) => new BundleStore(name('bundles'), { placement }),
  hardened: ({ name, placement }) => new BundleStore(name('bundles'), { placement }, { protect: true }),
};

/** The bundle of a configuration, with its address and its places. */
function bundleOf({ vault, storage, bundles }: World, changes: Partial<ReturnType<typeof exampleConfig>> = {}) {
  const config = { ...exampleConfig(), ...changes };
  return brokerBundle({
    config,
    ingress: ingressRules(config),
    brokerHost: 'mqtt.example.com',
    vault,
    storage,
    bundles,
    functionAppUrl: 'https://func-example.azurewebsites.net',
  });
}

export const brokerConfiguration: Scenarios<BrokerConfiguration> = {
  defaults: (world) =>
    new BrokerConfiguration(world.name('broker-configuration'), {
      placement: world.placement,
      subscriptionId: world.identities.subscriptionId,
      machine: world.broker.machine,
      bundles: world.bundles,
      bundle: bundleOf(world),
    }),
  max: (world) =>
    new BrokerConfiguration(world.name('broker-configuration'), {
      placement: world.placement,
      subscriptionId: world.identities.subscriptionId,
      machine: world.broker.machine,
      bundles: world.bundles,
      bundle: bundleOf(world, { brokerMaxConnections: 60_000, brokerMaxMessageKb: 128, sourceConnections: 60_000 }),
    }),
  hardened: (world) =>
    new BrokerConfiguration(world.name('broker-configuration'), {
      placement: world.placement,
      subscriptionId: world.identities.subscriptionId,
      machine: world.broker.machine,
      bundles: world.bundles,
      bundle: bundleOf(world, { brokerMaxMessageKb: 16, sourceConnections: 8, sourceKibPerSecond: 16 }),
    }),
};

export const brokerDns: Scenarios<BrokerDns> = {
  defaults: ({ name, network }) =>
    new BrokerDns(name('dns'), {
      environment: 'dev',
      hostName: 'mqtt.telemetry.example.com',
      address: network.publicAddress,
      ...ZONE,
    }),
  max: ({ name, network }) =>
    new BrokerDns(name('dns'), {
      environment: 'staging',
      hostName: 'mqtt.a-long-name-of-an-environment.telemetry.example.com',
      address: network.publicAddress,
      ...ZONE,
    }),
  hardened: ({ name }) =>
    // A fixed address is known in the preview, so the token's condition can be judged there.
    new BrokerDns(name('dns'), {
      environment: 'prod',
      hostName: 'mqtt.telemetry.example.com',
      address: '203.0.113.30',
      ...ZONE,
    }),
};

export const privateCa: Scenarios<PrivateCa> = {
  defaults: ({ name, network }) =>
    new PrivateCa(name('private-ca'), {
      environment: 'dev',
      hostName: network.hostName,
      address: network.publicAddress,
    }),
  max: ({ name, network }) =>
    new PrivateCa(name('private-ca'), {
      environment: 'staging',
      hostName: 'mqtt.a-long-name-of-an-environment.telemetry.example.com',
      address: network.publicAddress,
    }),
  hardened: ({ name, network }) =>
    new PrivateCa(
      name('private-ca'),
      { environment: 'prod', hostName: network.hostName, address: network.publicAddress },
      // Its key, too: a new one locks every device out.
      { protect: true },
    ),
};

export const iotHub: Scenarios<IotHub> = {
  defaults: ({ name, placement }) => new IotHub(name('iot-hub'), { placement }),
  max: ({ name, placement }) => new IotHub(name('iot-hub'), { placement }),
  hardened: ({ name, placement }) => new IotHub(name('iot-hub'), { placement }, { protect: true }),
};
