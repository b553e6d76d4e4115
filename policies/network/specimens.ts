// For tests: the row of every network rule.

import { basicAddress } from '../retirement/basic-address.ts';
import { resource, UNKNOWN_TEXT, urnOf } from '../testing/plan.ts';
import type { Specimen } from '../testing/specimen.ts';
import {
  FLOW_LOG,
  LOAD_BALANCER,
  NETWORK_INTERFACE,
  PUBLIC_IP,
  RUN_COMMAND,
  SECURITY_GROUP,
  SECURITY_RULE,
  SUBNET,
  VIRTUAL_NETWORK,
  VM_EXTENSION,
} from '../types.ts';
import { adminAddress } from './admin-address.ts';
import { ADMIN, rule } from './corpus/case.ts';
import { flowLogs } from './flow-logs.ts';
import { guardedInterfaces } from './guarded-interfaces.ts';
import { ingressContract } from './ingress-contract.ts';
import { judgedOpenings } from './judged-openings.ts';
import { mergedRules } from './merged-rules.ts';
import { noIpForwarding } from './no-ip-forwarding.ts';
import { noIpv6Any } from './no-ipv6-any.ts';
import { publicAddress } from './public-address.ts';
import { readableRules } from './readable-rules.ts';

const ID = { id: UNKNOWN_TEXT };
const RULES = 'NetworkSecurityGroup.securityRules';
const ssh = rule({ name: 'ssh', sourceAddressPrefix: ADMIN });
const group = (...securityRules: object[]) => resource(SECURITY_GROUP, 'nsg', { securityRules });
const standalone = (fields: object) =>
  resource(
    SECURITY_RULE,
    'standalone',
    { ...rule({}), securityRuleName: 'standalone', networkSecurityGroupName: UNKNOWN_TEXT, ...fields },
    { networkSecurityGroupName: [urnOf(SECURITY_GROUP, 'nsg')] },
  );
const publicConfiguration = [{ name: 'primary', publicIPAddress: ID, subnet: ID }];
const standardAddress = { sku: { name: 'Standard' }, publicIPAllocationMethod: 'Static' };

export const NETWORK_SPECIMENS: Specimen[] = [
  {
    rule: ingressContract,
    config: { adminCidrs: [ADMIN] },
    plan: [group(ssh)],
    broken: {
      [RULES]: [[rule({})], [rule({ sourceAddressPrefix: 'Internet', destinationPortRange: '20-30' })]],
      [`${RULES}[].access`]: ['Maybe'],
      [`${RULES}[].direction`]: ['Sideways'],
      [`${RULES}[].priority`]: [99],
      [`${RULES}[].protocol`]: ['*'],
      [`${RULES}[].sourceAddressPrefix`]: ['*', '0.0.0.0/0', 'Internet', 'AzureCloud', '203.0.113.0/24'],
      [`${RULES}[].destinationPortRange`]: ['*', '1883', '22-23'],
    },
    fine: { [`${RULES}[].sourceAddressPrefix`]: ['VirtualNetwork'], [`${RULES}[].destinationPortRange`]: ['8883'] },
    wrongConfigs: [{ adminCidrs: [] }, { adminCidrs: ['203.0.113.99/32'] }],
  },
  {
    rule: mergedRules,
    plan: [group(ssh), standalone({ name: undefined, priority: 200 })],
    broken: { 'SecurityRule.priority': [100], 'SecurityRule.securityRuleName': ['ssh'] },
  },
  {
    rule: readableRules,
    plan: [group({ ...ssh, sourceAddressPrefixes: [ADMIN] }), standalone({ priority: 200 })],
    broken: {
      [RULES]: ['text', [UNKNOWN_TEXT]],
      [`${RULES}[].access`]: ['Maybe'],
      [`${RULES}[].direction`]: ['Sideways'],
      [`${RULES}[].priority`]: [99, 4097, '100'],
      [`${RULES}[].protocol`]: ['Sctp'],
      [`${RULES}[].sourceAddressPrefix`]: ['Nowhere', '203.0.113.10/33'],
      [`${RULES}[].sourceAddressPrefixes`]: [[ADMIN, 'Nowhere'], 'text'],
      [`${RULES}[].sourcePortRange`]: ['high'],
      [`${RULES}[].destinationAddressPrefix`]: ['10.0.0'],
      [`${RULES}[].destinationPortRange`]: ['22-21', true],
      'SecurityRule.access': ['Maybe'],
    },
  },
  {
    rule: adminAddress,
    config: { adminCidrs: [ADMIN] },
    plan: [],
    broken: {},
    wrongConfigs: [{ adminCidrs: ['0.0.0.0/0'] }, { adminCidrs: ['203.0.113.0/24'] }, { adminCidrs: ['10.0.0.1/32'] }],
  },
  {
    rule: noIpv6Any,
    plan: [group(ssh), standalone({})],
    broken: {
      [`${RULES}[].sourceAddressPrefix`]: ['::/0', '2000::/3'],
      'SecurityRule.sourceAddressPrefix': ['::/0'],
    },
    fine: { [`${RULES}[].sourceAddressPrefix`]: ['*', '2001:db8::7/128'] },
  },
  {
    rule: guardedInterfaces,
    plan: [
      group(ssh),
      resource(PUBLIC_IP, 'address', standardAddress),
      resource(SUBNET, 'guarded', { networkSecurityGroup: ID }),
      resource(SUBNET, 'open', {}),
      resource(
        NETWORK_INTERFACE,
        'own-group',
        { networkSecurityGroup: ID, ipConfigurations: publicConfiguration },
        { ipConfigurations: [urnOf(SUBNET, 'open')] },
      ),
      resource(
        NETWORK_INTERFACE,
        'behind-group',
        { ipConfigurations: publicConfiguration },
        { ipConfigurations: [urnOf(SUBNET, 'guarded')] },
      ),
    ],
    broken: {
      'Subnet.networkSecurityGroup': [{}],
      'NetworkInterface.networkSecurityGroup': [{}],
    },
  },
  {
    rule: publicAddress,
    plan: [
      resource(PUBLIC_IP, 'address', standardAddress),
      resource(NETWORK_INTERFACE, 'private', { ipConfigurations: [{ subnet: ID }] }),
      resource(NETWORK_INTERFACE, 'front', { ipConfigurations: publicConfiguration }),
    ],
    broken: {
      'PublicIPAddress.sku.name': ['Basic'],
      'PublicIPAddress.publicIPAllocationMethod': ['Dynamic'],
      'NetworkInterface.ipConfigurations': [publicConfiguration, [UNKNOWN_TEXT]],
    },
    fine: { 'PublicIPAddress.sku.name': ['StandardV2'] },
    wrongConfigs: [{ interfaces: ['another'] }],
  },
  {
    rule: noIpForwarding,
    plan: [resource(NETWORK_INTERFACE, 'nic', { enableIPForwarding: false })],
    broken: { 'NetworkInterface.enableIPForwarding': [true] },
  },
  {
    rule: flowLogs,
    plan: [
      resource(VIRTUAL_NETWORK, 'network', {}),
      resource(
        FLOW_LOG,
        'log',
        { enabled: true, targetResourceId: UNKNOWN_TEXT, retentionPolicy: { enabled: true, days: 90 } },
        { targetResourceId: [urnOf(VIRTUAL_NETWORK, 'network')] },
      ),
    ],
    needs: [FLOW_LOG],
    broken: {
      'FlowLog.enabled': [false],
      'FlowLog.retentionPolicy.days': [30],
      'FlowLog.retentionPolicy.enabled': [false],
    },
    fine: { 'FlowLog.retentionPolicy.days': [0, 365] },
  },
  {
    rule: basicAddress,
    plan: [
      resource(PUBLIC_IP, 'address', { sku: { name: 'Standard' } }),
      resource(LOAD_BALANCER, 'balancer', { sku: { name: 'Standard' } }),
    ],
    broken: { 'PublicIPAddress.sku.name': ['Basic'], 'LoadBalancer.sku.name': ['Basic'] },
  },
  {
    rule: judgedOpenings,
    plan: [
      resource('azure-native:network:AdminRule', 'rule', { access: 'Deny', direction: 'Inbound' }),
      resource('azure-native:network:Route', 'route', { addressPrefix: '10.20.0.0/16', nextHopType: 'VnetLocal' }),
      resource('azure-native:network:RouteTable', 'table', { routes: [] }),
      resource(VIRTUAL_NETWORK, 'vnet', {}),
      resource(LOAD_BALANCER, 'balancer', { backendAddressPools: [{ name: 'machines' }] }),
      resource('azure-native:network:LoadBalancerBackendAddressPool', 'pool', {}),
      resource('azure-native:containerinstance:ContainerGroup', 'box', { ipAddress: { type: 'Private' } }),
      resource('azure-native:app:ContainerApp', 'app', { configuration: { ingress: { external: false } } }),
      resource('kubernetes:core/v1:Service', 'service', { spec: { type: 'ClusterIP' } }),
      resource('azure-native:sql:ManagedInstance', 'instance', {}),
      resource('azure-native:web:AppServiceEnvironment', 'place', { internalLoadBalancingMode: 'Web, Publishing' }),
      resource('azure-native:appplatform:App', 'spring', { properties: { public: false } }),
      resource('command:local:Command', 'command', { create: 'npm run build' }),
      resource(RUN_COMMAND, 'run', { source: { script: 'systemctl reload mosquitto' } }),
      resource(VM_EXTENSION, 'extension', { settings: { commandToExecute: 'systemctl reload mosquitto' } }),
    ],
    broken: {
      'AdminRule.access': ['AlwaysAllow', 'Perhaps'],
      'Route.addressPrefix': ['0.0.0.0/0', 'Internet'],
      'RouteTable.routes': [[{ addressPrefix: '::/0', nextHopType: 'VirtualAppliance' }]],
      'VirtualNetwork.virtualNetworkPeerings': [[{}]],
      'LoadBalancer.backendAddressPools': [[{ loadBalancerBackendAddresses: [{}] }]],
      'LoadBalancerBackendAddressPool.loadBalancerBackendAddresses': [[{}]],
      'ContainerGroup.ipAddress': [{ type: 'Public' }, {}],
      'ContainerApp.configuration': [{ ingress: { external: true } }],
      'Service.spec': [{ type: 'LoadBalancer' }],
      'ManagedInstance.publicDataEndpointEnabled': [true],
      'AppServiceEnvironment.internalLoadBalancingMode': ['None', 'Web'],
      'App.properties': [{ public: true }],
      'Command.create': ['az network nsg rule create'],
      'Command.interpreter': [['sh', '-c', 'az network nsg rule create']],
      'Command.environment': [{ RUN: 'az network nsg rule create' }],
      'VirtualMachineRunCommandByVirtualMachine.source.script': ['az vm open-port --port 22'],
      'VirtualMachineRunCommandByVirtualMachine.source.scriptUri': ['https://example.com/x.sh'],
      'VirtualMachineExtension.settings': [
        { commandToExecute: 'az vm open-port' },
        { fileUris: ['https://example.com'] },
      ],
    },
    likewise: { 'command:local:Command': ['command:remote:Command'] },
  },
];
