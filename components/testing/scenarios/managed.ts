// Scenarios of the managed profile's components.
import { PUBLISH_TEMPLATES, SUBSCRIBE_TEMPLATES } from '../../../domain/managed-topics.ts';
import { HubDelivery } from '../../hub-delivery.ts';
import { MqttNamespace } from '../../mqtt-namespace.ts';
import { PrivateHub } from '../../private-hub.ts';
import { TelemetryHub } from '../../telemetry-hub.ts';
import { UndeliveredStore } from '../../undelivered-store.ts';
import type { Scenarios } from './scenario.ts';

const TOPICS = { publishes: PUBLISH_TEMPLATES, subscribes: SUBSCRIBE_TEMPLATES };
const DEVICE_CA = '-----BEGIN CERTIFICATE-----\nexample\n-----END CERTIFICATE-----\n';

export const telemetryHub: Scenarios<TelemetryHub> = {
  defaults: ({ name, placement }) => new TelemetryHub(name('hub'), { placement, throughputUnits: 1 }),
  max: ({ name, placement }) => new TelemetryHub(name('hub'), { placement, throughputUnits: 10 }),
  hardened: ({ name, placement }) => new TelemetryHub(name('hub'), { placement, throughputUnits: 2 }),
};

export const undeliveredStore: Scenarios<UndeliveredStore> = {
  defaults: ({ name, placement }) => new UndeliveredStore(name('undelivered'), { placement }),
  max: ({ name, placement }) => new UndeliveredStore(name('undelivered'), { placement }),
  hardened: ({ name, placement }) => new UndeliveredStore(name('undelivered'), { placement }),
};

export const mqttNamespace: Scenarios<MqttNamespace> = {
  defaults: ({ name, placement, identities: { subscriptionId } }) =>
    new MqttNamespace(name('mqtt'), { placement, subscriptionId, deviceCa: DEVICE_CA, throughputUnits: 1, ...TOPICS }),
  max: ({ name, placement, identities: { subscriptionId } }) =>
    new MqttNamespace(name('mqtt'), { placement, subscriptionId, deviceCa: DEVICE_CA, throughputUnits: 40, ...TOPICS }),
  hardened: ({ name, placement, identities: { subscriptionId } }) =>
    // A device that only reports has nothing to read.
    new MqttNamespace(name('mqtt'), {
      placement,
      subscriptionId,
      deviceCa: DEVICE_CA,
      throughputUnits: 1,
      publishes: PUBLISH_TEMPLATES,
      subscribes: SUBSCRIBE_TEMPLATES.slice(0, 1),
    }),
};

export const hubDelivery: Scenarios<HubDelivery> = {
  defaults: ({ name, placement, mqtt, hub, undelivered, access }) =>
    new HubDelivery(name('delivery'), { placement, mqtt, hub, undelivered, access }),
  max: ({ name, placement, mqtt, hub, undelivered, access }) =>
    new HubDelivery(name('delivery'), { placement, mqtt, hub, undelivered, access }),
  hardened: ({ name, placement, mqtt, hub, undelivered, access }) =>
    new HubDelivery(name('delivery'), { placement, mqtt, hub, undelivered, access }),
};

export const privateHub: Scenarios<PrivateHub> = {
  defaults: ({ name, placement, network, hub: { namespaceId } }) =>
    new PrivateHub(name('way'), { placement, network, namespaceId, subnetPrefix: '10.20.0.64/26' }),
  max: ({ name, placement, network, hub: { namespaceId } }) =>
    new PrivateHub(name('way'), { placement, network, namespaceId, subnetPrefix: '10.20.128.0/17' }),
  hardened: ({ name, placement, network, hub: { namespaceId } }) =>
    new PrivateHub(name('way'), { placement, network, namespaceId, subnetPrefix: '10.20.0.64/27' }),
};
