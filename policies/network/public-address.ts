// NET-07: public addresses are few, fixed and of the kind that is closed until a rule opens it.
import { at, type Known, UNKNOWN } from '../known.ts';
import type { Resource } from '../resource.ts';
import { DEFAULT_IS_SAFE, type Finding, REQUIRED, type RuleConfig, type StackRule } from '../rule.ts';

import { PUBLIC_IP } from '../types.ts';
import { type Interface, interfaces, publicConfigurations } from './interfaces.ts';

const STANDARD: Known[] = ['Standard', 'StandardV2'];

function judgeAddress({ urn, name }: Resource, address: Known): Finding[] {
  const findings: Finding[] = [];
  if (!STANDARD.includes(at(address, 'sku', 'name')))
    findings.push({ urn, message: `The public address of "${name}" is not surely a Standard one.` });
  if (at(address, 'publicIPAllocationMethod') !== 'Static')
    findings.push({ urn, message: `The public address of "${name}" is not surely static.` });
  return findings;
}

/** Addresses that Azure makes with a machine, written inside it. */
function judgeInline(nic: Interface): Finding[] {
  if (nic.publicIp !== 'publicIPAddressConfiguration') return [];
  const configurations = publicConfigurations(nic);
  return (configurations === UNKNOWN ? [UNKNOWN] : configurations).flatMap((each) =>
    judgeAddress(nic.resource, at(each as Known, nic.publicIp)),
  );
}

function judgePlaces(all: Interface[], { interfaces: allowed }: RuleConfig): Finding[] {
  const open = all.filter((nic) => {
    const configurations = publicConfigurations(nic);
    return configurations === UNKNOWN || configurations.length > 0;
  });
  if (Array.isArray(allowed))
    return open
      .filter(({ resource }) => !allowed.includes(resource.name))
      .map(({ resource: { urn, name } }) => ({
        urn,
        message: `"${name}" has a public address and is not among the interfaces that may have one.`,
      }));
  return open.slice(1).map(({ resource: { urn, name } }) => ({
    urn,
    message: `"${name}" has a public address beside "${open[0]!.resource.name}".`,
    fix: 'remove the address, or list both interfaces in interfaces of network-public-address-fixed in the policy configuration',
  }));
}

export const publicAddress: StackRule = {
  id: 'NET-07',
  name: 'network-public-address-fixed',
  phase: 1,
  severity: 'medium',
  enforcement: 'mandatory',
  demand:
    'Every public address is of the Standard SKU and static, and one network interface at most has one, or those named in the policy configuration.',
  reason:
    'A Standard address is closed until a security group opens it, a static one survives the machine and its DNS record, and each further one is another way in that somebody must watch.',
  fix: 'set sku: { name: "Standard" } and publicIPAllocationMethod: "Static" on the PublicIPAddress',
  sources: [
    'Microsoft Learn, "Public IP addresses" (https://learn.microsoft.com/azure/virtual-network/ip-services/public-ip-addresses)',
    'CIS Azure Foundations 3.0 7.7, 4.0 8.7',
    'Checkov CKV_AZURE_119',
    'Trivy AZU-0076',
  ],
  properties: {
    'PublicIPAddress.sku.name': REQUIRED,
    'PublicIPAddress.publicIPAllocationMethod': REQUIRED,
    'NetworkInterface.ipConfigurations': DEFAULT_IS_SAFE,
  },
  configSchema: { properties: { interfaces: { type: 'array', items: { type: 'string' } } } },
  checkStack(resources, config) {
    const nics = interfaces(resources);
    return [
      ...resources.filter(({ type }) => type === PUBLIC_IP).flatMap((each) => judgeAddress(each, each.props)),
      ...nics.flatMap(judgeInline),
      ...judgePlaces(nics, config),
    ];
  },
};
