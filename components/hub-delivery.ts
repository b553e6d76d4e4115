// Brings what devices publish from the MQTT namespace's topic to the hub. What cannot be delivered is kept, not dropped.
import { NamespaceTopicEventSubscription } from '@pulumi/azure-native/eventgrid/namespaceTopicEventSubscription.js';
import { ComponentResource, type ComponentResourceOptions } from '@pulumi/pulumi';
import type { Access } from './access.ts';
import type { MqttNamespace } from './mqtt-namespace.ts';
import type { Placement } from './placement.ts';
import type { TelemetryHub } from './telemetry-hub.ts';
import type { UndeliveredStore } from './undelivered-store.ts';

/** The most that Azure accepts. Attempts come at growing intervals. */
const ATTEMPTS = 10;
/** As long as the topic keeps an event. */
const TIME_TO_LIVE = 'P1D';

/** Arguments of {@link HubDelivery}. */
export interface HubDeliveryArgs {
  /** Required. Resource group, region, tags and names. */
  placement: Placement;
  /** Required. Where the messages come from. */
  mqtt: MqttNamespace;
  /** Required. Where they go. */
  hub: TelemetryHub;
  /** Required. Where those go that cannot be delivered. */
  undelivered: UndeliveredStore;
  /** Required. The MQTT namespace's rights, made before: Azure tries them when the subscription is made. */
  access: Access;
}

/** Event subscription that pushes each message to the hub. */
export class HubDelivery extends ComponentResource {
  constructor(name: string, args: HubDeliveryArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:HubDelivery', name, {}, options);
    const { placement, mqtt, hub, undelivered } = args;
    const identity = { type: 'UserAssigned', userAssignedIdentity: mqtt.identity.id };
    new NamespaceTopicEventSubscription(
      `${name}-subscription`,
      {
        eventSubscriptionName: 'hub',
        namespaceName: mqtt.namespaceName,
        resourceGroupName: placement.resourceGroupName,
        topicName: mqtt.topicName,
        eventDeliverySchema: 'CloudEventSchemaV1_0',
        deliveryConfiguration: {
          deliveryMode: 'Push',
          push: {
            maxDeliveryCount: ATTEMPTS,
            eventTimeToLive: TIME_TO_LIVE,
            deliveryWithResourceIdentity: {
              identity,
              destination: {
                endpointType: 'EventHub',
                resourceId: hub.hubId,
                // A device's messages share a partition, so that one reader has them all.
                deliveryAttributeMappings: [{ type: 'Dynamic', name: 'PartitionKey', sourceField: 'client' }],
              },
            },
            deadLetterDestinationWithResourceIdentity: {
              identity,
              deadLetterDestination: {
                endpointType: 'StorageBlob',
                resourceId: undelivered.accountId,
                blobContainerName: undelivered.containerName,
              },
            },
          },
        },
      },
      { parent: this, dependsOn: [args.access, undelivered] },
    );
    this.registerOutputs();
  }
}
