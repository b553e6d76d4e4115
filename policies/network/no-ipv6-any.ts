// NET-05: no rule opens a port to all of IPv6 unintentionally.
import { at, type Known, type KnownObject } from '../known.ts';
import { ONLY_KNOWN, type ResourceRule } from '../rule.ts';
import { SECURITY_GROUP, SECURITY_RULE } from '../types.ts';
import { type AddressSet, parsePrefix, unionOf } from './reachability/addresses.ts';
import { covers } from './reachability/intervals.ts';
import { inlineRules, standaloneRule } from './rule-groups.ts';

/** All of IPv6 that is routed on the Internet (RFC 4291, section 2.4: 2000::/3). */
const GLOBAL_UNICAST = parsePrefix('2000::/3')!.v6;

/** The prefixes among the sources; service tags, `*` and unreadable values are left to other rules. */
function writtenSources(rule: Known): AddressSet {
  const list = at(rule, 'sourceAddressPrefixes');
  const texts = [at(rule, 'sourceAddressPrefix'), ...(Array.isArray(list) ? list : [])];
  return unionOf(texts.flatMap((text) => (typeof text === 'string' ? (parsePrefix(text) ?? []) : [])));
}

function namesAnyIpv6(rule: Known): boolean {
  const isAllow = String(at(rule, 'access')).toLowerCase() === 'allow';
  const isInbound = String(at(rule, 'direction')).toLowerCase() !== 'outbound';
  return isAllow && isInbound && covers(writtenSources(rule).v6, GLOBAL_UNICAST);
}

export const noIpv6Any: ResourceRule = {
  id: 'NET-05',
  name: 'network-no-ipv6-any',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'No inbound Allow rule has all of IPv6 as its source, in one prefix or in several. Unknown fields are left to network-rules-readable.',
  reason:
    'The machine has no public IPv6 address. A rule for all of IPv6 has no effect today but opens an unreviewed port as soon as the machine gets one.',
  fix: 'remove the IPv6 prefix; for a public port, use the source "*" or "Internet"',
  sources: [
    'Microsoft Learn, "Network security groups" (https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview)',
  ],
  properties: {
    'NetworkSecurityGroup.securityRules[].sourceAddressPrefix': ONLY_KNOWN,
    'SecurityRule.sourceAddressPrefix': ONLY_KNOWN,
  },
  remedy: 'only the author knows whether the port should be open for IPv4',
  types: [SECURITY_GROUP, SECURITY_RULE],
  check(resource) {
    const rules: { name: string; raw: Known }[] =
      resource.type === SECURITY_RULE
        ? [{ name: standaloneRule(resource).name, raw: resource.props satisfies KnownObject }]
        : inlineRules(resource).map(({ raw, parsed }) => ({ name: parsed.name, raw }));
    return rules
      .filter(({ raw }) => namesAnyIpv6(raw))
      .map(({ name }) => ({ urn: resource.urn, message: `Rule "${name}" allows all of IPv6.` }));
  },
};
