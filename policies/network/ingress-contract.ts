// NET-01: which packets can reach the machine, computed from the rules and not matched by their text.
import { DEFAULT_IS_SAFE, type Finding, REQUIRED, type StackRule } from '../rule.ts';
import { contractSettings } from './contract-settings.ts';
import { type Path, pathsTo } from './paths.ts';
import type { IngressContract } from './reachability/contract.ts';
import { findExposures, type Packet } from './reachability/exposure.ts';
import { DEFAULT_RULES } from './reachability/rule.ts';
import { type RuleGroup, ruleGroups } from './rule-groups.ts';

const CLOSE =
  'narrow the source or port of the rule, or add a Deny rule with a lower priority number; rules built by components/network from domain/ingress.ts are safe';
const REMOVE =
  'add the rule to the program with the right fields, or remove it: if it is still in the stack, run pulumi destroy --target with its URN (no policy stops that), otherwise delete it in Azure; then run pulumi refresh';
const READ = 'set the field to a prefix, port or service tag that is known during preview';
const SEPARATE = 'give every rule of the group its own name and priority';

function describePacket({ from, source, sourceTags, protocol, destinationPort }: Packet): string {
  const address = from === 'admin' ? 'an administrator address' : source;
  const sender = sourceTags.length > 0 ? `an address of the service tag ${sourceTags.join(' and ')}` : address;
  return `A packet from ${sender} ${destinationPort === undefined ? `over ${protocol}` : `to ${destinationPort}/${protocol}`}`;
}

/** Problems that prevent a group from being judged. */
function obstaclesOf({ title, unreadable, conflicts }: RuleGroup): Finding[] {
  return [
    ...unreadable.map((problem) => ({ ...problem, fix: READ })),
    ...conflicts.filter(({ isInbound }) => isInbound).map((problem) => ({ ...problem, fix: SEPARATE })),
  ].map(({ urn, message, fix }) => ({ urn, fix, message: `The rules of ${title} cannot be judged. ${message}` }));
}

function judge({ groups, machine }: Path, contract: IngressContract): Finding[] {
  const chain = groups.map(({ inbound }) => [...inbound.map(({ rule }) => rule), ...DEFAULT_RULES]);
  return findExposures(chain, contract, machine).map(({ rules, packet }) => {
    const written = rules.map((rule, index) => groups[index]!.inbound.find((each) => each.rule === rule));
    const names = rules.map(({ name, priority }, index) => {
      const said = `rule "${name}" (priority ${priority}) of ${groups[index]!.title}`;
      return written[index]?.isEcho ? `${said}, which exists in Azure but not in the program` : said;
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
    'Public addresses can reach only 8883/tcp and the ports enabled by configuration; administrator addresses can also reach 22/tcp. A rule that is unknown or unreadable is a violation.',
  reason:
    'Scanners find public SSH or plaintext MQTT within minutes. Prefix lists, ranges, priorities and service tags can hide such an opening from reviewers and from pattern matching.',
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
