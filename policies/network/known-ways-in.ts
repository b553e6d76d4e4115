// NET-10: what no rule can judge is named, and passes only when somebody has said so.
import { at, type KnownObject } from '../known.ts';
import { DEFAULT_IS_SAFE, type Finding, ONLY_KNOWN, REQUIRED, type ResourceRule, type RuleConfig } from '../rule.ts';
import { COMMANDS, RUN_COMMAND } from '../types.ts';
import { cloudCall } from './cloud-commands.ts';
import { PACKAGES, unjudgedWayIn } from './ways-in.ts';

/** True for a type that the configuration takes as judged by somebody, by itself or as `package:*`. */
function isAccepted(type: string, { accepted }: RuleConfig): boolean {
  const list: unknown[] = Array.isArray(accepted) ? accepted : [];
  return list.some(
    (own) => own === type || (typeof own === 'string' && own.endsWith('*') && type.startsWith(own.slice(0, -1))),
  );
}

/** Where a command's text is: run by Pulumi, or by Azure inside a machine with the machine's identity. */
const TEXTS: Record<string, string[][]> = {
  ...Object.fromEntries(COMMANDS.map((type) => [type, [['create'], ['update'], ['delete'], ['stdin']]])),
  [RUN_COMMAND]: [['source', 'script']],
};

function judgeCommand(props: KnownObject, paths: string[][]): string | undefined {
  for (const path of paths) {
    const text = at(props, ...path);
    const call = typeof text === 'string' ? cloudCall(text) : undefined;
    if (call === undefined) continue;
    return `calls ${call} in ${path.join('.')} to make or change resources, and no policy sees them`;
  }
  return undefined;
}

export const knownWaysIn: ResourceRule = {
  id: 'NET-10',
  name: 'network-ways-in-judged',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'Every resource that can open a way from outside to a machine is of a kind that this pack judges. What it cannot judge is named: gateways, firewalls and tunnels, peerings, clusters and containers with public addresses, rules that come before security groups, templates, the classic provider, and commands that call the cloud’s tools. The policy configuration may accept types that somebody else has judged.',
  reason:
    'The ingress contract holds for what the rules can see. A template, a peering or one az command beside it opens port 22 just as well, and nothing would say so.',
  fix: 'build it from azure-native resources that the pack judges, or, once somebody has judged it, list its type in accepted of network-ways-in-judged in the policy configuration, or make an exception with a date',
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
    'Command.create': ONLY_KNOWN,
    'VirtualMachineRunCommandByVirtualMachine.source.script': ONLY_KNOWN,
  },
  configSchema: { properties: { accepted: { type: 'array', items: { type: 'string' } } } },
  types: [...PACKAGES, ...COMMANDS],
  remedy: 'what takes its place only the author knows',
  check({ urn, name, type, props }, config): Finding[] {
    if (isAccepted(type, config)) return [];
    const texts = TEXTS[type];
    const wrong = texts === undefined ? unjudgedWayIn(type, props) : judgeCommand(props, texts);
    return wrong === undefined ? [] : [{ urn, message: `"${name}" (${type}) ${wrong}.` }];
  },
};
