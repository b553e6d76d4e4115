// For tests: the row of every rule about a managed broker and a stream.
import { resource } from '../testing/plan.ts';
import type { Specimen } from '../testing/specimen.ts';
import { EVENT_GRID_NAMESPACE, EVENT_HUBS_NAMESPACE, MQTT_CLIENT, TOPIC_SPACE } from '../types.ts';
import { hubClosedNetwork } from './hub-closed-network.ts';
import { hubRolesOnly } from './hub-roles-only.ts';
import { hubStrongTls } from './hub-strong-tls.ts';
import { mqttKnownClients } from './mqtt-known-clients.ts';
import { mqttOwnTopics } from './mqtt-own-topics.ts';
import { mqttStrongTls } from './mqtt-strong-tls.ts';

const hub = resource(EVENT_HUBS_NAMESPACE, 'hub', {
  disableLocalAuth: true,
  minimumTlsVersion: '1.2',
  publicNetworkAccess: 'Disabled',
});
const variable = (name: string) => `\${client.${name}}`;
const own = (rest: string) =>
  `tenants/${variable('attributes.tenant')}/devices/${variable('attributes.device')}/${rest}`;

export const MESSAGING_SPECIMENS: Specimen[] = [
  { rule: hubRolesOnly, plan: [hub], broken: { 'Namespace.disableLocalAuth': [false] } },
  {
    rule: hubClosedNetwork,
    plan: [hub],
    broken: { 'Namespace.publicNetworkAccess': ['Enabled', 'SecuredByPerimeter'] },
  },
  {
    rule: hubStrongTls,
    plan: [hub],
    broken: { 'Namespace.minimumTlsVersion': ['1.0', '1.1'] },
    fine: { 'Namespace.minimumTlsVersion': ['1.3'] },
  },
  {
    rule: mqttStrongTls,
    plan: [resource(EVENT_GRID_NAMESPACE, 'mqtt', { minimumTlsVersionAllowed: '1.2' })],
    broken: { 'Namespace.minimumTlsVersionAllowed': ['1.0', '1.1'] },
  },
  {
    rule: mqttOwnTopics,
    plan: [resource(TOPIC_SPACE, 'publishes', { topicTemplates: [own('telemetry/#'), own('acks')] })],
    broken: {
      'TopicSpace.topicTemplates': [
        ['#'],
        ['tenants/#'],
        ['tenants/+/devices/+/telemetry'],
        [own('telemetry'), 'tenants/acme/devices/boiler-1/telemetry'],
        // Any device of the tenant.
        [`tenants/${variable('attributes.tenant')}/devices/+/telemetry`],
        // The wildcard stands for another tenant's name.
        [`tenants/+/devices/${variable('attributes.device')}/telemetry`],
        [`+/${variable('authenticationName')}/telemetry`],
        // Its own name, or one that begins with it.
        [`devices/${variable('authenticationName')}-backup/telemetry`],
        [`sites/${variable('attributes.site')}/telemetry`],
      ],
    },
    fine: { 'TopicSpace.topicTemplates': [[`devices/${variable('authenticationName')}/#`]] },
  },
  {
    rule: mqttKnownClients,
    plan: [
      resource(MQTT_CLIENT, 'client', {
        clientCertificateAuthentication: { validationScheme: 'SubjectMatchesAuthenticationName' },
      }),
    ],
    broken: { 'Client.clientCertificateAuthentication.validationScheme': ['ThumbprintMatch', 'None'] },
    fine: { 'Client.clientCertificateAuthentication.validationScheme': ['DnsMatchesAuthenticationName'] },
  },
];
