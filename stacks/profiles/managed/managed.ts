// The managed profile, beside the machine: devices publish to an Event Grid namespace, which routes to an Event Hub, from which the
// Function App reads. docs/managed.md says what a device must change, and what is not there yet.
import type { Input } from '@pulumi/pulumi';
import { Access } from '../../../components/access.ts';
import { HubDelivery } from '../../../components/hub-delivery.ts';
import type { Identities } from '../../../components/identities.ts';
import { MqttNamespace } from '../../../components/mqtt-namespace.ts';
import type { Network } from '../../../components/network.ts';
import type { Placement } from '../../../components/placement.ts';
import { PrivateHub } from '../../../components/private-hub.ts';
import { TelemetryHub } from '../../../components/telemetry-hub.ts';
import { UndeliveredStore } from '../../../components/undelivered-store.ts';
import { PUBLISH_TEMPLATES, SUBSCRIBE_TEMPLATES } from '../../../domain/managed-topics.ts';
import type { StackConfig } from '../../configuration/parse.ts';
import { managedGrants } from '../../tables/grants.ts';

/** Arguments of {@link makeManaged}. */
export interface ManagedArgs {
  config: StackConfig;
  placement: Placement;
  identities: Identities;
  network: Network;
}

/** What {@link makeManaged} makes. */
export interface Managed {
  mqtt: MqttNamespace;
  hub: TelemetryHub;
  undelivered: UndeliveredStore;
  /** Settings of the Function App. */
  settings: Record<string, Input<string>>;
  /** Subnet of the Function App. */
  subnetId: Input<string>;
}

/** Makes the profile; undefined unless `managed` is on. */
export function makeManaged({ config, placement, identities, network }: ManagedArgs): Managed | undefined {
  const { managed, managedDeviceCa: deviceCa, managedThroughputUnits: throughputUnits } = config;
  // With `managed`, the schema requires the authority.
  if (!managed || deviceCa === undefined) return undefined;
  const hub = new TelemetryHub('managed-hub', { placement, throughputUnits });
  const undelivered = new UndeliveredStore('managed-undelivered', { placement });
  const mqtt = new MqttNamespace('managed-mqtt', {
    placement,
    subscriptionId: identities.subscriptionId,
    deviceCa,
    throughputUnits,
    publishes: PUBLISH_TEMPLATES,
    subscribes: SUBSCRIBE_TEMPLATES,
  });
  const access = new Access('managed-access', { grants: managedGrants(identities, mqtt, hub, undelivered) });
  new HubDelivery('managed-delivery', { placement, mqtt, hub, undelivered, access });
  const way = new PrivateHub('managed-way', {
    placement,
    network,
    namespaceId: hub.namespaceId,
    subnetPrefix: config.functionsSubnetPrefix,
  });
  return { mqtt, hub, undelivered, subnetId: way.functionsSubnetId, settings: hubSettings(hub, identities) };
}

/** What the Event Hubs trigger reads: functions/triggers/event-hub.ts. */
const hubSettings = (hub: TelemetryHub, { functions }: Identities): Record<string, Input<string>> => ({
  EVENT_HUB__fullyQualifiedNamespace: hub.host,
  EVENT_HUB__credential: 'managedidentity',
  EVENT_HUB__clientId: functions.clientId,
  EVENT_HUB_NAME: hub.hubName,
  EVENT_HUB_GROUP: hub.consumerGroup,
});
