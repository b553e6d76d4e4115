// NET-10: reports resources that can open a path to a machine and that no rule judges; each must be accepted explicitly.
import { DEFAULT_IS_SAFE, type Finding, ONLY_KNOWN, REQUIRED, type ResourceRule, type RuleConfig } from '../rule.ts';
import { COMMANDS } from '../types.ts';
import { OTHER_PACKAGES, PACKAGES, unjudgedOpening } from './openings.ts';
import { judgeScripts, RUNNERS } from './scripts.ts';

/** A type of a package in the table, or all types of one other than azure-native. */
const ENTRY = `^(azure-native:[^*]+|(${OTHER_PACKAGES.join('|')}):([^*]+|\\*))$`;

const entriesIn = ({ accepted }: RuleConfig): string[] => (Array.isArray(accepted) ? accepted.map(String) : []);
const isOf = (type: string, entry: string): boolean =>
  new RegExp(ENTRY).test(entry) && (entry === type || (entry.endsWith(':*') && type.startsWith(entry.slice(0, -1))));

export const judgedOpenings: ResourceRule = {
  id: 'NET-10',
  name: 'network-openings-judged',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'The stack has no resource that can open a path from outside to a machine and that no rule of this pack judges: gateways, firewalls and tunnels, peerings, clusters and containers with public addresses, rules that take precedence over security groups, templates, the classic provider, and commands and scripts that call cloud tools. Every type of azure-native’s module network is classified; of other modules and providers, the types in the table are. The policy configuration may accept types that have been reviewed; a command needs an exception.',
  reason:
    'The ingress contract covers only the resources that the rules can judge. A template, a peering or a single az command can open port 22 unnoticed.',
  fix: 'use azure-native resources that the pack judges, or review the resource and list its type in accepted of network-openings-judged in the policy configuration; for a command, add an exception with an expiry date',
  sources: [
    'Microsoft Learn, "Security admin rules in Azure Virtual Network Manager" (https://learn.microsoft.com/azure/virtual-network-manager/concept-security-admins): AlwaysAllow',
    'Microsoft Learn, "Virtual network service tags" (https://learn.microsoft.com/azure/virtual-network/service-tags-overview): the meaning of VirtualNetwork',
    'Microsoft Learn, "Azure Firewall DNAT" (https://learn.microsoft.com/azure/firewall/tutorial-firewall-dnat)',
  ],
  properties: {
    'AdminRule.access': REQUIRED,
    'Route.addressPrefix': REQUIRED,
    'RouteTable.routes': DEFAULT_IS_SAFE,
    'VirtualNetwork.virtualNetworkPeerings': DEFAULT_IS_SAFE,
    'LoadBalancer.backendAddressPools': DEFAULT_IS_SAFE,
    'LoadBalancerBackendAddressPool.loadBalancerBackendAddresses': DEFAULT_IS_SAFE,
    'ContainerGroup.ipAddress': DEFAULT_IS_SAFE,
    'ContainerApp.configuration': DEFAULT_IS_SAFE,
    'Service.spec': DEFAULT_IS_SAFE,
    'ManagedInstance.publicDataEndpointEnabled': DEFAULT_IS_SAFE,
    'AppServiceEnvironment.internalLoadBalancingMode': REQUIRED,
    'App.properties': DEFAULT_IS_SAFE,
    'Command.create': ONLY_KNOWN,
    'Command.interpreter': ONLY_KNOWN,
    'Command.environment': ONLY_KNOWN,
    'VirtualMachineRunCommandByVirtualMachine.source.script': ONLY_KNOWN,
    'VirtualMachineRunCommandByVirtualMachine.source.scriptUri': DEFAULT_IS_SAFE,
    'VirtualMachineExtension.settings': ONLY_KNOWN,
  },
  configSchema: { properties: { accepted: { type: 'array', items: { type: 'string', pattern: ENTRY } } } },
  types: [...PACKAGES, ...COMMANDS],
  remedy: 'only the author knows what to use instead',
  check({ urn, name, type, props }, config): Finding[] {
    const runs = RUNNERS.includes(type) ? judgeScripts(type, props) : undefined;
    const isAccepted = entriesIn(config).some((entry) => isOf(type, entry));
    const wrong = runs ?? (isAccepted ? undefined : unjudgedOpening(type, props));
    return wrong === undefined ? [] : [{ urn, message: `"${name}" (${type}) ${wrong}.` }];
  },
  notes: (resources, config) =>
    entriesIn(config)
      .filter((entry) => !resources.some(({ type }) => isOf(type, entry)))
      .map(
        (entry) =>
          `accepts ${entry}, and nothing in this stack has that type: remove the entry unless another stack needs it`,
      ),
};
