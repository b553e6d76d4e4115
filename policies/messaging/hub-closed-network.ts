// MSG-02: a stolen token alone does not read the stream.
import { REQUIRED, type ResourceRule, violation } from '../rule.ts';
import { EVENT_HUBS_NAMESPACE } from '../types.ts';

export const hubClosedNetwork: ResourceRule = {
  id: 'MSG-02',
  name: 'messaging-hub-closed-network',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand: 'An Event Hubs namespace sets publicNetworkAccess to Disabled. The default is Enabled.',
  reason:
    'Roles control who may read; the network controls from where. Services that Azure trusts, such as Event Grid, still send; readers come through a private endpoint.',
  fix: 'set publicNetworkAccess: "Disabled", add a network.PrivateEndpoint, and trustedServiceAccessEnabled on the NamespaceNetworkRuleSet',
  sources: [
    'Microsoft Learn, "Allow access to Azure Event Hubs namespaces via private endpoints" (https://learn.microsoft.com/azure/event-hubs/private-link-service)',
    'PSRule Azure.EventHub.Firewall',
  ],
  properties: { 'Namespace.publicNetworkAccess': REQUIRED },
  types: [EVENT_HUBS_NAMESPACE],
  remedy: 'readers without a private endpoint would lose access, and the policy does not know them',
  check: ({ urn, name, props }) =>
    props.publicNetworkAccess === 'Disabled'
      ? []
      : [violation({ urn, name }, 'publicNetworkAccess', props.publicNetworkAccess, 'can be reached from any network')],
};
