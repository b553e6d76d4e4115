// Types that can open a path to a machine: every type of azure-native's network module is classified; what is reported and why.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StackValidationArgs } from '@pulumi/policy';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ROOT } from '../../bootstrap/root.mjs';
import { definePolicy } from '../define.ts';
import { Exceptions } from '../exceptions/exceptions.ts';
import { Inputs } from '../inputs.ts';
import { resource, UNKNOWN_TEXT } from '../testing/plan.ts';
import { judge, stackResources } from '../testing/specimen.ts';
import { RUN_COMMAND, SCALE_SET, VM_EXTENSION } from '../types.ts';
import { cloudCall } from './cloud-commands.ts';
import { judgedOpenings } from './judged-openings.ts';
import { isDecided } from './openings.ts';

const say = (type: string, props: object = {}, config = {}) =>
  judge(judgedOpenings, [resource(type, 'it', { ...props })], config).join();

const COMMAND = 'command:local:Command';
const SCALE_SET_EXTENSION = `${SCALE_SET}Extension`;
const scaleSet = (properties: object) => ({
  virtualMachineProfile: { extensionProfile: { extensions: [{ name: 'run', ...properties }] } },
});
const schema = z.fromJSONSchema({ type: 'object', ...judgedOpenings.configSchema } as Parameters<
  typeof z.fromJSONSchema
>[0]);
const takes = (config: object) => schema.safeParse(config).success;

/** Every resource class of the module that the SDK declares. */
function typesOf(module: string): string[] {
  const folder = join(ROOT, 'node_modules/@pulumi/azure-native', module);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.d.ts'))
    .flatMap((file) => {
      const found = /class (\w+) extends pulumi\.CustomResource/.exec(readFileSync(join(folder, file), 'utf8'));
      return found ? [`azure-native:${module}:${found[1]}`] : [];
    });
}

test('every type of azure-native’s module network is classified, and a new one is reported', () => {
  const types = typesOf('network');
  expect(types.length).toBeGreaterThan(120);
  expect(types.filter((type) => !isDecided(type))).toEqual([]);
  expect(say('azure-native:network:NewKindOfGateway')).toContain('does not know');
});

describe('a type that no rule judges is reported', () => {
  test.each([
    ['azure:network/networkSecurityGroup:NetworkSecurityGroup', 'belongs to a provider'],
    ['azure:network/networkSecurityRule:NetworkSecurityRule', 'belongs to a provider'],
    ['azapi:index/resource:Resource', 'belongs to a provider'],
    ['azure-native:resources:Deployment', 'a template'],
    ['azure-native:resources/v20240301:DeploymentStackAtResourceGroup', 'a template'],
    ['azure-native:resources:DeploymentStackAtSubscription', 'a template'],
    ['azure-native:resources:Resource', 'a template'],
    ['azure-native:resources:AzureCliScript', 'runs commands'],
    ['azure-native:network:DefaultAdminRule', 'precedence over every security group'],
    ['azure-native:network:VirtualNetworkPeering', 'another one whose'],
    ['azure-native:network:VirtualNetworkGateway', 'another one whose'],
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
    ['azure-native:automation:Runbook', 'runs commands'],
    ['azure-native:automation:SourceControl', 'runs commands'],
    ['azure-native:logic:Workflow', 'runs commands'],
    ['azure-native:containerregistry:Task', 'runs commands'],
    ['azure-native:containerregistry:TaskRun', 'runs commands'],
    ['azure-native:virtualmachineimages:VirtualMachineImageTemplate', 'of its own'],
    ['kubernetes:extensions/v1beta1:Ingress', 'a private address of its own'],
    ['kubernetes:extensions/v1beta1:IngressPatch', 'a private address of its own'],
  ])('%s', (type, message) => {
    expect(say(type)).toContain(message);
    expect(say(type)).toContain('accepted of network-openings-judged');
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

  test('unless the configuration accepts it', () => {
    const peering = 'azure-native:network:VirtualNetworkPeering';
    expect(say(peering, {}, { accepted: [peering] })).toBe('');
    expect(say('azure:core/resourceGroup:ResourceGroup', {}, { accepted: ['azure:*'] })).toBe('');
    expect(say('azure:network/subnet:Subnet', {}, { accepted: ['azapi:*', peering] })).not.toBe('');
  });

  test.each(['*', 'a*', 'azure-native:*', 'azure-native:network:*', 'azure:core/*', 'command:*', COMMAND, ''])(
    'the configuration refuses to accept "%s", and the rule ignores it',
    (entry) => {
      expect(takes({ accepted: [entry] })).toBe(false);
      const config = { accepted: [entry] };
      expect(say('azure-native:network:VirtualNetworkPeering', {}, config)).not.toBe('');
      expect(say('azure:core/resourceGroup:ResourceGroup', {}, config)).not.toBe('');
      expect(say(COMMAND, { create: 'az vm open-port' }, config)).not.toBe('');
    },
  );
  test('it accepts a type, and all types of another package', () => {
    const accepted = ['azure-native:network:VirtualNetworkPeering', 'azure:*', 'kubernetes:helm.sh/v3:Release'];
    expect(takes({ accepted })).toBe(true);
  });
  test('a command passes only with an exception, wherever it runs', () => {
    const [run, extension] = [RUN_COMMAND, VM_EXTENSION];
    expect(say(run, { source: { script: 'az vm open-port' } }, { accepted: [run] })).not.toBe('');
    expect(say(extension, { settings: { commandToExecute: 'az vm open-port' } }, { accepted: [extension] })).not.toBe(
      '',
    );
  });

  test('an entry that matches nothing is reported and changes no verdict', () => {
    const accepted = ['azure:*', 'azure-native:network:VirtualNetworkPeering', 'azure-native:network/v1:Subnet'];
    const plan = [resource('azure-native:network:VirtualNetworkPeering', 'it', {})];
    const lines: string[] = [];
    const policy = definePolicy(judgedOpenings, new Exceptions(), new Inputs(), (line) => lines.push(line));
    const violations: string[] = [];
    const args = { resources: stackResources(plan), getConfig: () => ({ accepted }) } as unknown as StackValidationArgs;
    if ('validateStack' in policy) policy.validateStack(args, (message) => violations.push(message));
    expect(violations).toEqual([]);
    expect(lines).toEqual([
      'network-openings-judged accepts azure:*, and nothing in this stack has that type: remove the entry unless another stack needs it',
      'network-openings-judged accepts azure-native:network/v1:Subnet, and nothing in this stack has that type: remove the entry unless another stack needs it',
    ]);
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
    ['kubernetes:core/v1:ServicePatch', { spec: { type: 'LoadBalancer' } }, false],
    ['kubernetes:core/v1:ServicePatch', { spec: { type: 'ClusterIP' } }, true],
    ['kubernetes:core/v1:ServiceList', { items: [{ spec: {} }, { spec: { type: 'NodePort' } }] }, false],
    ['kubernetes:core/v1:ServiceList', { items: [{ spec: {} }] }, true],
    ['azure-native:sql:ManagedInstance', { publicDataEndpointEnabled: true }, false],
    ['azure-native:sql:ManagedInstance', { publicDataEndpointEnabled: UNKNOWN_TEXT }, false],
    ['azure-native:sql:ManagedInstance', {}, true],
    ['azure-native:web:AppServiceEnvironment', {}, false],
    ['azure-native:web:AppServiceEnvironment', { internalLoadBalancingMode: 'Web' }, false],
    ['azure-native:web:AppServiceEnvironment', { internalLoadBalancingMode: 'Web, Publishing' }, true],
    ['azure-native:appplatform:App', { properties: { public: true } }, false],
    ['azure-native:appplatform:App', { properties: UNKNOWN_TEXT }, false],
    ['azure-native:appplatform:App', { properties: {} }, true],
    ['azure-native:appplatform:Gateway', { properties: { public: true } }, false],
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
    'az functionapp deployment user set --user-name u',
    'az monitor log-analytics workspace create -n w',
    'az webapp deployment slot create --slot s',
    'az network nsg rule create show',
    'az network nsg rule delete --name deny',
    'az vm open-port list',
    'az keyvault secret show --name x; az vm open-port',
    'sudo -n az network nsg create',
    'FOO=1 az rest --method put',
    'if true; then az unheard-of thing; fi',
    'echo "$(az network nsg create)"',
    'C="az network"; $C nsg create',
    "echo '# no comment' ; az network nsg create",
    "# don't\naz network nsg create # can't",
    'flock /tmp/lock az --only-show-errors network nsg create',
    'C:\\cli\\az.cmd network nsg create',
    'python3 -m azure.cli network nsg create',
    'pwsh -c "Remove-AzNetworkSecurityRuleConfig -Name deny"',
    'pwsh -c "Invoke-AzRestMethod -Method PUT"',
    'terraform destroy -target azurerm_network_security_rule.deny',
    'pulumi -C other destroy --yes',
    'azd down',
    'kubectl delete networkpolicy deny',
    'helm uninstall firewall',
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
    'cat /srv/az',
    'echo az',
    '# az',
    'npm ci # then az network nsg create by hand',
    'npm run az',
    'command -v az',
    'az functionapp function list --resource-group rg --name func',
    'az functionapp list-flexconsumption-locations --output json',
    'az login --identity && az account set --subscription s',
    'az storage blob upload --file f; az keyvault secret set --name n',
    'az version >az.json',
  ])('%s passes', (command) => {
    expect(say('command:local:Command', { create: command })).toBe('');
  });

  const OPEN = 'network nsg rule create --name ssh';
  test.each<[string, object, string]>([
    [COMMAND, { interpreter: ['az'], create: OPEN }, 'in create'],
    [COMMAND, { interpreter: ['az', 'network', 'nsg'], update: 'rule create' }, 'in update'],
    [COMMAND, { interpreter: ['/bin/sh', '-c', `az ${OPEN}`] }, 'in interpreter'],
    [COMMAND, { interpreter: ['/bin/sh', '-c', `az ${OPEN}`], create: 'x' }, 'in interpreter'],
    [COMMAND, { environment: { C: `az ${OPEN}` }, create: 'eval $C' }, 'in environment'],
    [COMMAND, { environment: { C: 'az' }, create: `$C ${OPEN}` }, 'in environment'],
    [VM_EXTENSION, { settings: { commandToExecute: `az ${OPEN}` } }, 'in settings'],
    [VM_EXTENSION, { protectedSettings: { commandToExecute: `az ${OPEN}` } }, 'in protectedSettings'],
    [VM_EXTENSION, { settings: { script: Buffer.from(`az ${OPEN}`).toString('base64') } }, 'in settings'],
    [VM_EXTENSION, { settings: { fileUris: ['https://x/y.sh'] } }, 'in settings.fileUris'],
    [SCALE_SET_EXTENSION, { settings: { commandToExecute: `az ${OPEN}` } }, 'in settings'],
    [`${SCALE_SET}VMExtension`, { settings: { commandToExecute: `az ${OPEN}` } }, 'in settings'],
    [`${SCALE_SET}VMRunCommand`, { source: { script: `az ${OPEN}` } }, 'in source'],
    [`${SCALE_SET}VMRunCommand`, { source: { scriptUri: UNKNOWN_TEXT } }, 'in source.scriptUri'],
    [RUN_COMMAND, { source: { scriptUri: 'https://x/y.sh' } }, 'in source.scriptUri'],
    [SCALE_SET, scaleSet({ settings: { commandToExecute: `az ${OPEN}` } }), 'in virtualMachineProfile'],
    [SCALE_SET, scaleSet({ protectedSettings: { fileUris: ['https://x/y.sh'] } }), 'fileUris'],
  ])('%s %j is named', (type, props, where) => {
    expect(say(type, props)).toContain(where);
  });
  test.each<[string, object]>([
    [COMMAND, { interpreter: ['az'], create: 'account show' }],
    [
      COMMAND,
      { interpreter: ['/bin/bash', '-c'], create: 'npm run build', environment: { TOOL: '/srv/az/x', N: '1' } },
    ],
    [VM_EXTENSION, { publisher: 'Microsoft.Azure.Monitor', settings: { authentication: {} } }],
    [SCALE_SET, {}],
    [SCALE_SET, scaleSet({ settings: { workspaceId: 'w' } })],
  ])('%s %j passes', (type, props) => {
    expect(say(type, props)).toBe('');
  });
});
