// An Event Grid namespace as MQTT broker: which devices it knows, what each may publish and subscribe, and the topic that collects what
// they publish. Devices themselves are no part of the program: docs/managed.md.
import { CaCertificate } from '@pulumi/azure-native/eventgrid/caCertificate.js';
import { Namespace } from '@pulumi/azure-native/eventgrid/namespace.js';
import { NamespaceTopic } from '@pulumi/azure-native/eventgrid/namespaceTopic.js';
import { PermissionBinding } from '@pulumi/azure-native/eventgrid/permissionBinding.js';
import { TopicSpace } from '@pulumi/azure-native/eventgrid/topicSpace.js';
import { UserAssignedIdentity } from '@pulumi/azure-native/managedidentity/userAssignedIdentity.js';
import { ComponentResource, type ComponentResourceOptions, type Input, interpolate, type Output } from '@pulumi/pulumi';
import { CLIENT_MEMBER, TOPIC_MEMBER } from '../domain/managed-topics.ts';
import type { Placement } from './placement.ts';

/** Azure's group of every client. */
const ALL_CLIENTS = '$all';
/** The most that Event Grid allows; the default is one hour ("Azure Event Grid quotas and limits"). */
const SESSION_HOURS = 8;
/** The most that the API accepts. */
const KEPT_DAYS = 1;
const TOPIC = 'messages';

/** A value that Event Grid fills in for each client and message. */
const variable = (name: string) => `\${${name}}`;

/**
 * Members of each message that the namespace itself adds. Ingest believes these: a device that sends a CloudEvent chooses its `id`, `time`,
 * `source` and `subject` ("MQTT routing event schema").
 */
const ENRICHMENTS = {
  [CLIENT_MEMBER]: variable('client.authenticationName'),
  tenant: variable('client.attributes.tenant'),
  device: variable('client.attributes.device'),
  [TOPIC_MEMBER]: variable('mqtt.message.topicName'),
};

/** Arguments of {@link MqttNamespace}. */
export interface MqttNamespaceArgs {
  /** Required. Resource group, region, tags and names. */
  placement: Placement;
  /** Required. Subscription of the deployment: the namespace names its own topic by its full id. */
  subscriptionId: Input<string>;
  /** Required. Certificate of the authority that signs devices' certificates, PEM. */
  deviceCa: string;
  /** Required. Throughput units, 1 to 40: each is 1,000 messages and 1 MB a second, 10,000 devices, 200 connects a second. */
  throughputUnits: number;
  /** Required. Topics that a device may publish to, as topic templates. */
  publishes: string[];
  /** Required. Topics that a device may subscribe to, as topic templates. */
  subscribes: string[];
}

/** Event Grid namespace with MQTT, its topic spaces and permission bindings, and the topic that all messages are routed to. */
export class MqttNamespace extends ComponentResource {
  /** The identity with which it delivers messages. */
  readonly identity: UserAssignedIdentity;
  /** Id of the namespace. */
  readonly namespaceId: Output<string>;
  /** Its name. */
  readonly namespaceName: string;
  /** Name of the topic that all messages are routed to. */
  readonly topicName: Output<string>;
  /** Where devices connect, port 8883; Azure names it. */
  readonly mqttHost: Output<string>;

  constructor(name: string, args: MqttNamespaceArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:MqttNamespace', name, {}, options);
    const { placement, subscriptionId, deviceCa, throughputUnits } = args;
    const { resourceGroupName, location, tags, names } = placement;
    const parent = { parent: this };
    this.namespaceName = names.shared('evgns');

    this.identity = new UserAssignedIdentity(
      `${name}-identity`,
      { resourceName: names.own('id', 'mqtt'), resourceGroupName, location, tags },
      parent,
    );
    const namespace = new Namespace(
      `${name}-namespace`,
      {
        namespaceName: this.namespaceName,
        resourceGroupName,
        location,
        tags,
        sku: { name: 'Standard', capacity: throughputUnits },
        identity: { type: 'UserAssigned', userAssignedIdentities: this.identity.id.apply((id) => ({ [id]: {} })) },
        minimumTlsVersionAllowed: '1.2',
        // Devices connect from anywhere; a certificate lets them in.
        publicNetworkAccess: 'Enabled',
        topicSpacesConfiguration: {
          state: 'Enabled',
          maximumSessionExpiryInHours: SESSION_HOURS,
          // As on the machine: a second connection takes the session over.
          maximumClientSessionsPerAuthenticationName: 1,
          // Its own topic does not exist yet, so its id is written out.
          routeTopicResourceId: interpolate`/subscriptions/${subscriptionId}/resourceGroups/${names.own('rg')}/providers/Microsoft.EventGrid/namespaces/${this.namespaceName}/topics/${TOPIC}`,
          routingEnrichments: { dynamic: Object.entries(ENRICHMENTS).map(([key, value]) => ({ key, value })) },
        },
      },
      parent,
    );
    const within = { namespaceName: namespace.name, resourceGroupName };

    const topic = new NamespaceTopic(
      `${name}-topic`,
      {
        ...within,
        topicName: TOPIC,
        publisherType: 'Custom',
        inputSchema: 'CloudEventSchemaV1_0',
        eventRetentionInDays: KEPT_DAYS,
      },
      parent,
    );

    new CaCertificate(
      `${name}-device-ca`,
      { ...within, caCertificateName: 'device-ca', encodedCertificate: deviceCa },
      parent,
    );

    const may = (permission: 'Publisher' | 'Subscriber', topicSpaceName: string, topicTemplates: string[]) => {
      const space = new TopicSpace(`${name}-${topicSpaceName}`, { ...within, topicSpaceName, topicTemplates }, parent);
      new PermissionBinding(
        `${name}-${topicSpaceName}-binding`,
        {
          ...within,
          permissionBindingName: topicSpaceName,
          clientGroupName: ALL_CLIENTS,
          topicSpaceName: space.name,
          permission,
        },
        parent,
      );
    };
    may('Publisher', 'device-publishes', args.publishes);
    may('Subscriber', 'device-subscribes', args.subscribes);

    this.namespaceId = namespace.id;
    this.topicName = topic.name;
    this.mqttHost = namespace.topicSpacesConfiguration.apply((found) => found?.hostname ?? '');
    this.registerOutputs();
  }
}
