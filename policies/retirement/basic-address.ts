// RET-01: the Basic SKU of public addresses and load balancers is retired.
import { at, type Known } from '../known.ts';
import { REQUIRED, type ResourceRule, violation } from '../rule.ts';
import { LOAD_BALANCER, PUBLIC_IP } from '../types.ts';

const SUPPORTED: Known[] = ['Standard', 'StandardV2', 'Gateway'];

export const basicAddress: ResourceRule = {
  id: 'RET-01',
  name: 'retired-basic-address',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand: 'No public address or load balancer has the Basic SKU, which is the default.',
  reason: 'Azure retired the Basic SKU on 2025-09-30: new ones are refused, and existing ones are unsupported.',
  fix: 'set sku: { name: "Standard" }',
  sources: [
    'Microsoft Learn, "Upgrade to Standard SKU public IP addresses" (https://learn.microsoft.com/azure/virtual-network/ip-services/public-ip-basic-upgrade-guidance)',
    'PSRule Azure.PublicIP.MigrateStandard',
  ],
  properties: { 'PublicIPAddress.sku.name': REQUIRED, 'LoadBalancer.sku.name': REQUIRED },
  types: [PUBLIC_IP, LOAD_BALANCER],
  remedy:
    'changing the SKU replaces the address or load balancer, so devices and DNS records would still point to the old one',
  check: ({ urn, name, props }) =>
    SUPPORTED.includes(at(props, 'sku', 'name'))
      ? []
      : [violation({ urn, name }, 'sku.name', at(props, 'sku', 'name'), 'has the Basic SKU or no SKU')],
};
