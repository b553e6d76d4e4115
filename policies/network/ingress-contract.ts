// NET-01: who can reach the machine, judged by what packets can do and not by how rules are spelled.
import { DEFAULT_IS_SAFE, type Finding, REQUIRED, type StackRule } from '../rule.ts';
import { contractSettings } from './contract-settings.ts';
import { type Path, pathsTo } from './paths.ts';
import type { IngressContract } from './reachability/contract.ts';
import { findExposures, type Packet } from './reachability/exposure.ts';
import { DEFAULT_RULES } from './reachability/rule.ts';
import { type RuleGroup, ruleGroups } from './rule-groups.ts';

const CLOSE =
  'give the rule a narrower source or port, or put a Deny of higher priority before it; let components/network build it from domain/ingress.ts';
const REMOVE =
  'write the rule into the program as it should be, or remove it: run pulumi destroy --target with its URN where the stack still has it, which no policy stops, else delete it in Azure; then run pulumi refresh';
const READ = 'write the field so that it is known in the preview, as a prefix, port or service tag';
const SEPARATE = 'give every rule of the group its own name and priority';

function describePacket({ from, source, sourceTags, protocol, destinationPort }: Packet): string {
  const address = from === 'admin' ? 'an administrator address' : source;
  const sender = sourceTags.length > 0 ? `an address of the service tag ${sourceTags.join(' and ')}` : address;
  return `A packet from ${sender} ${destinationPort === undefined ? `over ${protocol}` : `to ${destinationPort}/${protocol}`}`;
}

/** What keeps a group from being judged. */
function obstaclesOf({ title, unreadable, conflicts }: RuleGroup): Finding[] {
  return [
    ...unreadable.map((problem) => ({ ...problem, fix: READ })),
    ...conflicts.filter(({ isInbound }) => isInbound).map((problem) => ({ ...problem, fix: SEPARATE })),
  ].map(({ urn, message, fix }) => ({ urn, fix, message: `${title} cannot be judged. ${message}` }));
}

function judge({ groups, machine }: Path, contract: IngressContract): Finding[] {
  const chain = groups.map(({ inbound }) => [...inbound.map(({ rule }) => rule), ...DEFAULT_RULES]);
  return findExposures(chain, contract, machine).map(({ rules, packet }) => {
    const written = rules.map((rule, index) => groups[index]!.inbound.find((each) => each.rule === rule));
    const names = rules.map(({ name, priority }, index) => {
      const said = `rule "${name}" (priority ${priority}) of ${groups[index]!.title}`;
      return written[index]?.isEcho ? `${said}, which is in Azure and not in the program` : said;
    });
    return {
      urn: written[0]?.urn,
      message: `${describePacket(packet)} is allowed by ${names.join(', and by ')}.`,
      fix: written.some((each) => each?.isEcho) ? REMOVE : CLOSE,
    };
  });
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
    const judged = groups.filter((group) => obstaclesOf(group).length === 0);
    const findings = pathsTo(judged, resources).flatMap((path) => judge(path, settings.contract));
    return [...groups.flatMap(obstaclesOf), ...new Map(findings.map((each) => [each.message, each])).values()];
  },
};
