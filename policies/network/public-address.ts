// NET-07: public addresses are few, static and of the Standard SKU, which is closed until a rule opens it.
import { at, type Known, UNKNOWN } from '../known.ts';
import type { Resource } from '../resource.ts';
import { DEFAULT_IS_SAFE, type Finding, REQUIRED, type RuleConfig, type StackRule, violation } from '../rule.ts';
import { stackConfigValue } from '../stack-config.ts';
import { PUBLIC_IP } from '../types.ts';
import { type Interface, interfaces, publicConfigurations } from './interfaces.ts';

const STANDARD: Known[] = ['Standard', 'StandardV2'];

function judgeAddress({ urn, name }: Resource, address: Known): Finding[] {
  const findings: Finding[] = [];
  if (!STANDARD.includes(at(address, 'sku', 'name')))
    findings.push(
      violation({ urn, name }, 'sku.name', at(address, 'sku', 'name'), 'has a public address without the Standard SKU'),
    );
  if (at(address, 'publicIPAllocationMethod') !== 'Static')
    findings.push(
      violation(
        { urn, name },
        'publicIPAllocationMethod',
        at(address, 'publicIPAllocationMethod'),
        'has a public address that is not static',
      ),
    );
  return findings;
}

/** Addresses that are defined inside a machine and created with it. */
function judgeInline(nic: Interface): Finding[] {
  if (nic.publicIp !== 'publicIPAddressConfiguration') return [];
  const configurations = publicConfigurations(nic);
  return (configurations === UNKNOWN ? [UNKNOWN] : configurations).flatMap((each) =>
    judgeAddress(nic.resource, at(each as Known, nic.publicIp)),
  );
}

function judgeInterfaces(all: Interface[], { interfaces: allowed }: RuleConfig): Finding[] {
  const open = all.filter((nic) => {
    const configurations = publicConfigurations(nic);
    return configurations === UNKNOWN || configurations.length > 0;
  });
  if (Array.isArray(allowed))
    return open
      .filter(({ resource }) => !allowed.includes(resource.name))
      .map(({ resource: { urn, name } }) => ({
        urn,
        message: `"${name}" has a public address and is not in the list of interfaces that may have one.`,
      }));
  const most = stackConfigValue('standbyBroker') === true ? 2 : 1;
  return open.slice(most).map(({ resource: { urn, name } }) => ({
    urn,
    message: `"${name}" has a public address in addition to ${open
      .slice(0, most)
      .map(({ resource }) => `"${resource.name}"`)
      .join(' and ')}.`,
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
    'Every public address has the Standard SKU and is static, and at most one network interface has a public address (two where the stack has a standby broker), or those named in the policy configuration.',
  reason:
    'A Standard address is closed until a security group opens it. A static address stays the same when the machine is replaced, so DNS records stay valid. Each further address is another entry point to monitor.',
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
      ...judgeInterfaces(nics, config),
    ];
  },
};
