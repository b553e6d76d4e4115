// Rules of an Azure network security group, made from the ingress contract.
import { isIPv6 } from 'node:net';
import type { input } from '@pulumi/azure-native/types/index.js';
import type { IngressRule } from '../domain/ingress.ts';

type SecurityRuleArgs = input.network.SecurityRuleArgs;

/** Lowest priority that a rule can have; Azure's default rules begin at 65000. */
const LAST_PRIORITY = 4096;

/**
 * The security rules for these openings, and a last one that denies everything else: Azure's defaults would admit the whole virtual
 * network and its load balancer.
 */
export function securityRules(ingress: IngressRule[]): SecurityRuleArgs[] {
  return [...ingress.flatMap(allow), denyTheRest];
}

const denyTheRest: SecurityRuleArgs = {
  name: 'deny-all-inbound',
  description: 'Nothing else comes in',
  priority: LAST_PRIORITY,
  direction: 'Inbound',
  access: 'Deny',
  protocol: '*',
  sourceAddressPrefix: '*',
  sourcePortRange: '*',
  destinationAddressPrefix: '*',
  destinationPortRange: '*',
};

function allow(rule: IngressRule): SecurityRuleArgs[] {
  if (rule.sources === 'any') return [{ ...allowBase(rule), sourceAddressPrefix: '*' }];
  // A rule may not mix address families (Azure: SecurityRuleParameterContainsUnsupportedValue), so IPv6 gets its own.
  const isV6 = (cidr: string) => isIPv6(cidr.split('/')[0] ?? '');
  const v4 = rule.sources.filter((cidr) => !isV6(cidr));
  const v6 = rule.sources.filter(isV6);
  const rules: SecurityRuleArgs[] = [];
  if (v4.length > 0) rules.push({ ...allowBase(rule), sourceAddressPrefixes: v4 });
  if (v6.length > 0) {
    const base = allowBase(rule);
    rules.push({ ...base, name: ipv6Name(rule.name), priority: rule.priority + 1, sourceAddressPrefixes: v6 });
  }
  return rules;
}

/** Name of a rule's twin for IPv6. */
export const ipv6Name = (name: string) => `${name}-ipv6`;

function allowBase(rule: IngressRule) {
  return {
    name: rule.name,
    description: rule.reason,
    priority: rule.priority,
    direction: 'Inbound',
    access: 'Allow',
    protocol: 'Tcp',
    sourcePortRange: '*',
    destinationAddressPrefix: '*',
    destinationPortRange: String(rule.port),
  } satisfies SecurityRuleArgs;
}
