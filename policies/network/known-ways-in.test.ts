// The table of ways in: nothing of azure-native's network module is undecided, and what is named, what passes and why.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import { resource, UNKNOWN_TEXT } from '../testing/plan.ts';
import { judge } from '../testing/specimen.ts';
import { cloudCall } from './cloud-commands.ts';
import { knownWaysIn } from './known-ways-in.ts';
import { isDecided } from './ways-in.ts';

const say = (type: string, props: object = {}, config = {}) =>
  judge(knownWaysIn, [resource(type, 'it', { ...props })], config).join();

/** Every resource class of the module, as the SDK declares them. */
function typesOf(module: string): string[] {
  const folder = join(ROOT, 'node_modules/@pulumi/azure-native', module);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.d.ts'))
    .flatMap((file) => {
      const found = /class (\w+) extends pulumi\.CustomResource/.exec(readFileSync(join(folder, file), 'utf8'));
      return found ? [`azure-native:${module}:${found[1]}`] : [];
    });
}

test('every type of azure-native’s module network is decided, and one that comes later is named', () => {
  const types = typesOf('network');
  expect(types.length).toBeGreaterThan(120);
  expect(types.filter((type) => !isDecided(type))).toEqual([]);
  expect(say('azure-native:network:NewKindOfGateway')).toContain('does not know');
});

describe('what cannot be judged is named', () => {
  test.each([
    ['azure:network/networkSecurityGroup:NetworkSecurityGroup', 'of a provider'],
    ['azure:network/networkSecurityRule:NetworkSecurityRule', 'of a provider'],
    ['azapi:index/resource:Resource', 'of a provider'],
    ['azure-native:resources:Deployment', 'a template'],
    ['azure-native:resources/v20240301:DeploymentStackAtResourceGroup', 'a template'],
    ['azure-native:resources:DeploymentStackAtSubscription', 'a template'],
    ['azure-native:resources:Resource', 'a template'],
    ['azure-native:resources:AzureCliScript', 'runs commands'],
    ['azure-native:network:DefaultAdminRule', 'before every security group'],
    ['azure-native:network:VirtualNetworkPeering', 'another one'],
    ['azure-native:network:VirtualNetworkGateway', 'another one'],
    ['azure-native:network:AzureFirewall', 'a private address of its own'],
    ['azure-native:network:FirewallPolicyRuleCollectionGroup', 'a private address of its own'],
    ['azure-native:network:ApplicationGateway', 'a private address of its own'],
    ['azure-native:network:BastionHost', 'a private address of its own'],
    ['azure-native:network:PrivateLinkService', 'a private address of its own'],
    ['azure-native:containerservice:ManagedCluster', 'of its own'],
    ['azure-native:compute:VirtualMachineScaleSetVM', 'of its own'],
    ['azure-native:security:JitNetworkAccessPolicy', 'of its own'],
    ['azure-native:relay:HybridConnection', 'a tunnel'],
    ['cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared', 'a tunnel'],
    ['cloudflare:index/tunnelConfig:TunnelConfig', 'a tunnel'],
    ['cloudflare:index/spectrumApplication:SpectrumApplication', 'a private address of its own'],
    ['kubernetes:helm.sh/v3:Release', 'a template'],
  ])('%s', (type, message) => {
    expect(say(type)).toContain(message);
    expect(say(type)).toContain('accepted of network-ways-in-judged');
  });

  test.each([
    ['azure-native:network:NatGateway'],
    ['azure-native:network:PrivateEndpoint'],
    ['azure-native:network:NetworkSecurityGroup'],
    ['azure-native:network/v20180501:RecordSet'],
    ['azure-native:resources:ResourceGroup'],
    ['azure-native:containerservice:Fleet'],
    ['azuread:index/application:Application'],
    ['cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy'],
    ['kubernetes:apps/v1:Deployment'],
    ['mqtt-saas:index:Network'],
  ])('%s opens nothing by itself', (type) => {
    expect(say(type)).toBe('');
  });

  test('unless somebody has judged it', () => {
    const peering = 'azure-native:network:VirtualNetworkPeering';
    expect(say(peering, {}, { accepted: [peering] })).toBe('');
    expect(say('azure:core/resourceGroup:ResourceGroup', {}, { accepted: ['azure:core/*'] })).toBe('');
    expect(say('azure:network/subnet:Subnet', {}, { accepted: ['azure:core/*', peering] })).not.toBe('');
  });
});

describe('what its properties decide', () => {
  const [rule, pools] = ['azure-native:network:AdminRule', 'azure-native:network:LoadBalancer'];
  const addresses = [{ ipAddress: '10.10.1.4' }];
  const route = { addressPrefix: '0.0.0.0/0', nextHopType: 'VirtualAppliance' };
  test.each<[string, object, boolean]>([
    [rule, { access: 'AlwaysAllow', direction: 'Inbound' }, false],
    [rule, { access: 'alwaysallow' }, false],
    [rule, { access: UNKNOWN_TEXT, direction: 'Inbound' }, false],
    [rule, { access: 'AlwaysAllow', direction: 'Outbound' }, true],
    [rule, { access: 'Deny', direction: 'Inbound' }, true],
    [rule, { access: 'Allow', direction: 'Inbound' }, true],
    ['azure-native:network:Route', route, false],
    ['azure-native:network:Route', { ...route, addressPrefix: 'AzureCloud' }, false],
    ['azure-native:network:Route', { ...route, nextHopType: 'None' }, true],
    ['azure-native:network:Route', { ...route, addressPrefix: '10.20.0.0/16' }, true],
    ['azure-native:network:RouteTable', { routes: [route] }, false],
    ['azure-native:network:RouteTable', {}, true],
    ['azure-native:network:VirtualNetwork', { virtualNetworkPeerings: [{}] }, false],
    ['azure-native:network:VirtualNetwork', {}, true],
    [pools, { backendAddressPools: [{ loadBalancerBackendAddresses: addresses }] }, false],
    [pools, { backendAddressPools: UNKNOWN_TEXT }, false],
    [pools, { backendAddressPools: [{ name: 'machines' }] }, true],
    ['azure-native:network:LoadBalancerBackendAddressPool', { loadBalancerBackendAddresses: addresses }, false],
    ['azure-native:containerinstance:ContainerGroup', { ipAddress: { type: 'Public', ports: [{ port: 22 }] } }, false],
    ['azure-native:containerinstance:ContainerGroup', { ipAddress: UNKNOWN_TEXT }, false],
    ['azure-native:containerinstance:ContainerGroup', { ipAddress: { type: 'Private' } }, true],
    ['azure-native:containerinstance:ContainerGroup', {}, true],
    ['azure-native:app:ContainerApp', { configuration: { ingress: { external: true, targetPort: 1883 } } }, false],
    ['azure-native:app:ContainerApp', { configuration: UNKNOWN_TEXT }, false],
    ['azure-native:app:ContainerApp', { configuration: { ingress: { external: false } } }, true],
    ['azure-native:app:ContainerApp', { configuration: { ingress: {} } }, true],
    ['kubernetes:core/v1:Service', { spec: { type: 'LoadBalancer' } }, false],
    ['kubernetes:core/v1:Service', { spec: { type: 'NodePort' } }, false],
    ['kubernetes:core/v1:Service', { spec: { externalIPs: ['198.51.100.7'] } }, false],
    ['kubernetes:core/v1:Service', { spec: {} }, true],
  ])('%s %j: passes %s', (type, props, passes) => {
    expect(say(type, props) === '').toBe(passes);
  });
});

describe('a command', () => {
  test.each([
    'az network nsg rule create --nsg-name n --name ssh --priority 100 --destination-port-ranges 22',
    'set -e; az\tvm open-port --port 22',
    'npm run build && az deployment group create -f main.bicep',
    'az --only-show-errors network nsg rule create',
    '"az" network nsg create',
    "bash -c 'az network nsg create'",
    '/usr/bin/az rest --method put --url /subscriptions/0',
    'az \\\n network public-ip create',
    'az keyvault network-rule add',
    'az group create && az resource update --ids x',
    'az account show\naz network nsg create',
    'pwsh -c "New-AzNetworkSecurityRuleConfig -Name ssh"',
    'terraform -chdir=infra apply -auto-approve',
    'pulumi -C other up --yes',
    'azd provision',
    'kubectl expose deployment broker --type LoadBalancer',
    'curl -X PUT https://management.azure.com/subscriptions/0',
  ])('%s is named', (command) => {
    expect(cloudCall(command)).toBeDefined();
    for (const type of ['command:local:Command', 'command:remote:Command'])
      for (const key of ['create', 'update', 'delete', 'stdin'])
        expect(say(type, { [key]: command })).toContain(`in ${key}`);
  });
  test.each([
    'npm run --silent ops -- deploy functions --resource-group rg --app func',
    'az functionapp deployment source config-zip --src app.zip',
    'az account show; az keyvault secret show --name x',
    'az network nsg show --name n',
    'echo blaze up the quiz',
    'pulumi stack output brokerHost',
    'terraform output',
    'kubectl get pods',
  ])('%s passes', (command) => {
    expect(say('command:local:Command', { create: command })).toBe('');
  });
});
