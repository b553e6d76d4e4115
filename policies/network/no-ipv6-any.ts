// NET-05: IPv6 must not become the way around a rule written with IPv4 in mind.

import { at, type Known, type KnownObject } from '../known.ts';
import { ONLY_KNOWN, type ResourceRule } from '../rule.ts';
import { SECURITY_GROUP, SECURITY_RULE } from '../types.ts';
import { type AddressSet, parsePrefix, unionOf } from './reachability/addresses.ts';
import { covers } from './reachability/intervals.ts';
import { inlineRules, standaloneRule } from './rule-groups.ts';

/** All of IPv6 that is routed on the Internet (RFC 4291, section 2.4: 2000::/3). */
const GLOBAL_UNICAST = parsePrefix('2000::/3')!.v6;

/** The prefixes that are written out; service tags, `*` and what cannot be read are other rules' business. */
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
    'No inbound Allow rule names all of IPv6 as its source, in one prefix or in several. Unknown fields are left to network-rules-readable.',
  reason:
    'The machine has no public IPv6 address. A rule for all of IPv6 does nothing today and opens a port nobody reviewed on the day it gets one.',
  fix: 'remove the IPv6 prefix; for a port that is open to everyone write "*" or "Internet" once',
  sources: [
    'Microsoft Learn, "Network security groups" (https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview)',
  ],
  properties: {
    'NetworkSecurityGroup.securityRules[].sourceAddressPrefix': ONLY_KNOWN,
    'SecurityRule.sourceAddressPrefix': ONLY_KNOWN,
  },
  remedy: 'whether the port was meant to be open for IPv4 only the author knows',
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
