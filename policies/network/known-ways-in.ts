// NET-10: what no rule can judge is named, and passes only when somebody has said so.
import { DEFAULT_IS_SAFE, type Finding, ONLY_KNOWN, REQUIRED, type ResourceRule, type RuleConfig } from '../rule.ts';
import { COMMANDS } from '../types.ts';
import { judgeScripts, RUNNERS } from './scripts.ts';
import { OTHER_PACKAGES, PACKAGES, unjudgedWayIn } from './ways-in.ts';

/** A type of a package in the table, or all of one that is not azure-native. */
const ENTRY = `^(azure-native:[^*]+|(${OTHER_PACKAGES.join('|')}):([^*]+|\\*))$`;

const entriesIn = ({ accepted }: RuleConfig): string[] => (Array.isArray(accepted) ? accepted.map(String) : []);
const isOf = (type: string, entry: string): boolean =>
  new RegExp(ENTRY).test(entry) && (entry === type || (entry.endsWith(':*') && type.startsWith(entry.slice(0, -1))));

export const knownWaysIn: ResourceRule = {
  id: 'NET-10',
  name: 'network-ways-in-judged',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'What can open a way from outside to a machine and no rule of this pack judges is named: gateways, firewalls and tunnels, peerings, clusters and containers with public addresses, rules that come before security groups, templates, the classic provider, and commands and scripts that call the cloud’s tools. Of azure-native’s module network that is every type, of other modules and providers those in the table. The policy configuration may accept types that somebody else has judged; a command passes only by an exception.',
  reason:
    'The ingress contract holds for what the rules can see. A template, a peering or one az command beside it opens port 22 just as well, and nothing would say so.',
  fix: 'build it from azure-native resources that the pack judges, or, once somebody has judged it, list its type in accepted of network-ways-in-judged in the policy configuration; for a command make an exception with a date',
  sources: [
    'Microsoft Learn, "Security admin rules in Azure Virtual Network Manager" (https://learn.microsoft.com/azure/virtual-network-manager/concept-security-admins): AlwaysAllow',
    'Microsoft Learn, "Virtual network service tags" (https://learn.microsoft.com/azure/virtual-network/service-tags-overview): what VirtualNetwork stands for',
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
  remedy: 'what takes its place only the author knows',
  check({ urn, name, type, props }, config): Finding[] {
    const runs = RUNNERS.includes(type) ? judgeScripts(type, props) : undefined;
    const isAccepted = entriesIn(config).some((entry) => isOf(type, entry));
    const wrong = runs ?? (isAccepted ? undefined : unjudgedWayIn(type, props));
    return wrong === undefined ? [] : [{ urn, message: `"${name}" (${type}) ${wrong}.` }];
  },
  notes: (resources, config) =>
    entriesIn(config)
      .filter((entry) => !resources.some(({ type }) => isOf(type, entry)))
      .map(
        (entry) =>
          `accepts ${entry}, and nothing in this stack is of it: remove the entry where no other stack needs it`,
      ),
};
