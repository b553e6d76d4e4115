// NET-04: an administrator address is a single host, not a range.
import type { StackRule } from '../rule.ts';
import { parseAdmins, writtenAdmins } from './contract-settings.ts';

export const adminAddress: StackRule = {
  id: 'NET-04',
  name: 'admin-address-is-one-host',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'Every configured administrator address is a single public host: /32, or /128 for IPv6, and not 0.0.0.0. If none is configured, network-ingress-contract reports it.',
  reason:
    'A wider range lets other customers of a provider or everyone in an office try SSH, and a private address locks out all administrators.',
  fix: 'set mqtt-saas:adminCidrs to single hosts, e.g. ["203.0.113.10/32"]',
  sources: [
    'RFC 1918, RFC 4291 and RFC 6598: which addresses are public',
    'Microsoft Learn, "Network security groups" (https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview)',
  ],
  properties: {},
  configSchema: { properties: { adminCidrs: { type: 'array', items: { type: 'string' } } } },
  checkStack(_resources, config) {
    const admins = writtenAdmins(config);
    if (admins.value === undefined) return [];
    const parsed = parseAdmins(admins);
    return 'problems' in parsed ? parsed.problems : [];
  },
};
