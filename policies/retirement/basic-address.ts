// RET-01: Basic public addresses and load balancers are gone.
import { at, type Known } from '../known.ts';
import { REQUIRED, type ResourceRule } from '../rule.ts';
import { LOAD_BALANCER, PUBLIC_IP } from '../types.ts';

const SUPPORTED: Known[] = ['Standard', 'StandardV2', 'Gateway'];

export const basicAddress: ResourceRule = {
  id: 'RET-01',
  name: 'retired-basic-address',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand: 'No public address or load balancer is of the Basic SKU, which is what an absent SKU means.',
  reason: 'Azure retired the Basic SKU on 2025-09-30: new ones are refused, and old ones have no support.',
  fix: 'set sku: { name: "Standard" }',
  sources: [
    'Microsoft Learn, "Upgrade to Standard SKU public IP addresses" (https://learn.microsoft.com/azure/virtual-network/ip-services/public-ip-basic-upgrade-guidance)',
    'PSRule Azure.PublicIP.MigrateStandard',
  ],
  properties: { 'PublicIPAddress.sku.name': REQUIRED, 'LoadBalancer.sku.name': REQUIRED },
  types: [PUBLIC_IP, LOAD_BALANCER],
  remedy: 'a new SKU is a new address or balancer, so devices and DNS records would lose the old one without a plan',
  check: ({ urn, name, props }) =>
    SUPPORTED.includes(at(props, 'sku', 'name'))
      ? []
      : [{ urn, message: `"${name}" has a SKU that is Basic, or not known to be another.` }],
};
