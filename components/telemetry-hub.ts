// An Event Hubs namespace with the hub that keeps devices' messages until ingest has stored them. It has no keys and no public network:
// senders are services that Azure trusts, readers come through a private endpoint (private-hub.ts), and each needs a role.
import { ConsumerGroup } from '@pulumi/azure-native/eventhub/consumerGroup.js';
import { EventHub } from '@pulumi/azure-native/eventhub/eventHub.js';
import { Namespace as HubNamespace } from '@pulumi/azure-native/eventhub/namespace.js';
import { NamespaceNetworkRuleSet } from '@pulumi/azure-native/eventhub/namespaceNetworkRuleSet.js';
import { ComponentResource, type ComponentResourceOptions, type Output } from '@pulumi/pulumi';
import type { Placement } from './placement.ts';

/** As many readers can work side by side. It cannot be changed later in the standard tier, whose most it is. */
const PARTITIONS = 32;
/** The most of the standard tier: an outage of ingest may last a week. */
const KEPT_HOURS = 7 * 24;
/** The most of the standard tier. */
const MOST_UNITS = 20;

/** Arguments of {@link TelemetryHub}. */
export interface TelemetryHubArgs {
  /** Required. Resource group, region, tags and names. */
  placement: Placement;
  /** Required. Throughput units to begin with, 1 to 10: each takes 1,000 events and 1 MB a second. Azure doubles them when they are short. */
  throughputUnits: number;
}

/** Event Hubs namespace, its hub, and the consumer group of ingest. */
export class TelemetryHub extends ComponentResource {
  /** Id of the namespace. */
  readonly namespaceId: Output<string>;
  /** Id of the hub, for role assignments. */
  readonly hubId: Output<string>;
  /** The hub's name. */
  readonly hubName = 'telemetry';
  /** The consumer group of ingest. */
  readonly consumerGroup = 'ingest';
  /** Where ingest reads, without scheme or port. */
  readonly host: string;

  constructor(name: string, { placement, throughputUnits }: TelemetryHubArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:TelemetryHub', name, {}, options);
    const { resourceGroupName, location, tags, names } = placement;
    const parent = { parent: this };
    const namespaceName = names.shared('evhns');
    this.host = `${namespaceName}.servicebus.windows.net`;

    const namespace = new HubNamespace(
      `${name}-namespace`,
      {
        namespaceName,
        resourceGroupName,
        location,
        tags,
        sku: { name: 'Standard', tier: 'Standard', capacity: throughputUnits },
        // A payload arrives in base64 with its envelope: more bytes than its device sent.
        isAutoInflateEnabled: true,
        maximumThroughputUnits: Math.min(2 * throughputUnits, MOST_UNITS),
        minimumTlsVersion: '1.2',
        disableLocalAuth: true,
        publicNetworkAccess: 'Disabled',
      },
      // It holds messages that their devices know to be safe.
      { parent: this, protect: true },
    );

    new NamespaceNetworkRuleSet(
      `${name}-network`,
      {
        namespaceName: namespace.name,
        resourceGroupName,
        defaultAction: 'Deny',
        publicNetworkAccess: 'Disabled',
        // Event Grid sends from outside every network of ours ("Trusted Microsoft services").
        trustedServiceAccessEnabled: true,
      },
      parent,
    );

    const hub = new EventHub(
      `${name}-hub`,
      {
        eventHubName: this.hubName,
        namespaceName: namespace.name,
        resourceGroupName,
        partitionCount: PARTITIONS,
        retentionDescription: { cleanupPolicy: 'Delete', retentionTimeInHours: KEPT_HOURS },
      },
      { parent: this, protect: true },
    );

    new ConsumerGroup(
      `${name}-consumers`,
      {
        consumerGroupName: this.consumerGroup,
        eventHubName: hub.name,
        namespaceName: namespace.name,
        resourceGroupName,
      },
      parent,
    );

    this.namespaceId = namespace.id;
    this.hubId = hub.id;
    this.registerOutputs();
  }
}
