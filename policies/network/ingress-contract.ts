// NET-01: who can reach the machine, judged by what packets can do and not by how rules are spelled.
import { DEFAULT_IS_SAFE, type Finding, REQUIRED, type StackRule } from '../rule.ts';
import { contractSettings } from './contract-settings.ts';
import { type Exposure, findExposures, type Packet } from './reachability/exposure.ts';
import { DEFAULT_RULES } from './reachability/rule.ts';
import { type RuleGroup, ruleGroups } from './rule-groups.ts';

const CLOSE =
  'give the rule a narrower source or port, or put a Deny of higher priority before it; let components/network build it from domain/ingress.ts';
const READ = 'write the field so that it is known in the preview, as a prefix, port or service tag';
const SEPARATE = 'give every rule of the group its own name and priority';

function describePacket({ from, source, protocol, destinationPort }: Packet): string {
  const sender = from === 'admin' ? 'an administrator address' : source;
  return `A packet from ${sender} ${destinationPort === undefined ? `over ${protocol}` : `to ${destinationPort}/${protocol}`}`;
}

function judge(group: RuleGroup, exposures: Exposure[]): Finding[] {
  return exposures.map(({ rule, packet }) => ({
    urn: group.inbound.find((candidate) => candidate.rule === rule)?.urn,
    message: `${describePacket(packet)} is allowed by rule "${rule.name}" (priority ${rule.priority}) of ${group.title}.`,
    fix: CLOSE,
  }));
}

function judgeGroup(group: RuleGroup, findings: (group: RuleGroup) => Exposure[]): Finding[] {
  const obstacles = [
    ...group.unreadable.map((problem) => ({ ...problem, fix: READ })),
    ...group.conflicts.filter(({ isInbound }) => isInbound).map((problem) => ({ ...problem, fix: SEPARATE })),
  ];
  if (obstacles.length === 0) return judge(group, findings(group));
  return obstacles.map(({ urn, message, fix }) => ({
    urn,
    fix,
    message: `${group.title} cannot be judged. ${message}`,
  }));
}

export const ingressContract: StackRule = {
  id: 'NET-01',
  name: 'network-ingress-contract',
  phase: 0,
  severity: 'critical',
  enforcement: 'mandatory',
  demand:
    'From public addresses only 8883/tcp (and ports switched on by configuration) is reachable, and 22/tcp from the administrator addresses only; what is unknown or unreadable counts as reachable.',
  reason:
    'SSH or plaintext MQTT that anybody can reach is found by scanners within minutes. Prefix lists, ranges, priorities and service tags hide such a hole from a reader and from pattern matching.',
  fix: CLOSE,
  sources: [
    'Microsoft Learn, "Network security groups" (https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview)',
    'CIS Azure Foundations 3.0 7.1 to 7.4, 4.0 8.1 to 8.4',
    'Checkov CKV_AZURE_9, CKV_AZURE_10, CKV_AZURE_77, CKV_AZURE_160',
    'Trivy AZU-0047, AZU-0048, AZU-0050',
  ],
  properties: {
    'NetworkSecurityGroup.securityRules': DEFAULT_IS_SAFE,
    'NetworkSecurityGroup.securityRules[].access': REQUIRED,
    'NetworkSecurityGroup.securityRules[].direction': REQUIRED,
    'NetworkSecurityGroup.securityRules[].priority': REQUIRED,
    'NetworkSecurityGroup.securityRules[].protocol': REQUIRED,
    'NetworkSecurityGroup.securityRules[].sourceAddressPrefix': REQUIRED,
    'NetworkSecurityGroup.securityRules[].destinationPortRange': REQUIRED,
  },
  configSchema: {
    properties: {
      adminCidrs: { type: 'array', items: { type: 'string' } },
      extraPublicPorts: { type: 'array', items: { type: 'integer' } },
    },
  },
  checkStack(resources, config) {
    const groups = ruleGroups(resources);
    if (groups.length === 0) return [];
    const settings = contractSettings(config);
    if ('problems' in settings) return settings.problems;
    return groups.flatMap((group) =>
      judgeGroup(group, ({ inbound, machine }) =>
        findExposures([...inbound.map(({ rule }) => rule), ...DEFAULT_RULES], settings.contract, machine),
      ),
    );
  },
};
