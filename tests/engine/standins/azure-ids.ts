// The ids of azure-native's types: the paths of Azure's REST API. What is in braces is a path parameter, the last one is the
// resource's own name. A type that is not listed has the parameters that its declaration lets guess.
import { type Shape, shapeOf } from './azure-shapes.ts';
import type { WireObject } from './values.ts';

export const SUBSCRIPTION = '11111111-2222-4333-8444-555555555555';
const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/{resourceGroupName}`;

/** Below `/providers/` of the group unless a path begins with what it is below of. */
const PATHS: Record<string, string> = {
  'applicationinsights:Component': 'Microsoft.Insights/components/{resourceName}',
  'applicationinsights:WebTest': 'Microsoft.Insights/webtests/{webTestName}',
  'applicationinsights:Workbook': 'Microsoft.Insights/workbooks/{resourceName}',
  'authorization:RoleAssignment': '{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}',
  'compute:Disk': 'Microsoft.Compute/disks/{diskName}',
  'compute:SshPublicKey': 'Microsoft.Compute/sshPublicKeys/{sshPublicKeyName}',
  'compute:VirtualMachine': 'Microsoft.Compute/virtualMachines/{vmName}',
  'compute:VirtualMachineExtension': 'Microsoft.Compute/virtualMachines/{vmName}/extensions/{vmExtensionName}',
  'compute:VirtualMachineRunCommandByVirtualMachine':
    'Microsoft.Compute/virtualMachines/{vmName}/runCommands/{runCommandName}',
  'consumption:Budget': '{scope}/providers/Microsoft.Consumption/budgets/{budgetName}',
  'eventgrid:CaCertificate': 'Microsoft.EventGrid/namespaces/{namespaceName}/caCertificates/{caCertificateName}',
  'eventgrid:Namespace': 'Microsoft.EventGrid/namespaces/{namespaceName}',
  'eventgrid:NamespaceTopic': 'Microsoft.EventGrid/namespaces/{namespaceName}/topics/{topicName}',
  'eventgrid:NamespaceTopicEventSubscription':
    'Microsoft.EventGrid/namespaces/{namespaceName}/topics/{topicName}/eventSubscriptions/{eventSubscriptionName}',
  'eventgrid:PermissionBinding':
    'Microsoft.EventGrid/namespaces/{namespaceName}/permissionBindings/{permissionBindingName}',
  'eventgrid:TopicSpace': 'Microsoft.EventGrid/namespaces/{namespaceName}/topicSpaces/{topicSpaceName}',
  'eventhub:ConsumerGroup':
    'Microsoft.EventHub/namespaces/{namespaceName}/eventhubs/{eventHubName}/consumergroups/{consumerGroupName}',
  'eventhub:EventHub': 'Microsoft.EventHub/namespaces/{namespaceName}/eventhubs/{eventHubName}',
  'eventhub:Namespace': 'Microsoft.EventHub/namespaces/{namespaceName}',
  'eventhub:NamespaceNetworkRuleSet': 'Microsoft.EventHub/namespaces/{namespaceName}/networkRuleSets/default',
  'iothub:IotHubResource': 'Microsoft.Devices/iotHubs/{resourceName}',
  'keyvault:Secret': 'Microsoft.KeyVault/vaults/{vaultName}/secrets/{secretName}',
  'keyvault:Vault': 'Microsoft.KeyVault/vaults/{vaultName}',
  'managedidentity:FederatedIdentityCredential':
    'Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}/federatedIdentityCredentials/{federatedIdentityCredentialResourceName}',
  'managedidentity:UserAssignedIdentity': 'Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}',
  'monitor:ActionGroup': 'Microsoft.Insights/actionGroups/{actionGroupName}',
  'monitor:ActivityLogAlert': 'Microsoft.Insights/activityLogAlerts/{activityLogAlertName}',
  'monitor:DiagnosticSetting': '{resourceUri}/providers/Microsoft.Insights/diagnosticSettings/{name}',
  'monitor:MetricAlert': 'Microsoft.Insights/metricAlerts/{ruleName}',
  'monitor:ScheduledQueryRule': 'Microsoft.Insights/scheduledQueryRules/{ruleName}',
  'network:NatGateway': 'Microsoft.Network/natGateways/{natGatewayName}',
  'network:NetworkInterface': 'Microsoft.Network/networkInterfaces/{networkInterfaceName}',
  'network:NetworkSecurityGroup': 'Microsoft.Network/networkSecurityGroups/{networkSecurityGroupName}',
  'network:PrivateDnsZoneGroup':
    'Microsoft.Network/privateEndpoints/{privateEndpointName}/privateDnsZoneGroups/{privateDnsZoneGroupName}',
  'network:PrivateEndpoint': 'Microsoft.Network/privateEndpoints/{privateEndpointName}',
  'network:PublicIPAddress': 'Microsoft.Network/publicIPAddresses/{publicIpAddressName}',
  'network:SecurityRule':
    'Microsoft.Network/networkSecurityGroups/{networkSecurityGroupName}/securityRules/{securityRuleName}',
  'network:Subnet': 'Microsoft.Network/virtualNetworks/{virtualNetworkName}/subnets/{subnetName}',
  'network:VirtualNetwork': 'Microsoft.Network/virtualNetworks/{virtualNetworkName}',
  'operationalinsights:Workspace': 'Microsoft.OperationalInsights/workspaces/{workspaceName}',
  'privatedns:PrivateZone': 'Microsoft.Network/privateDnsZones/{privateZoneName}',
  'privatedns:VirtualNetworkLink':
    'Microsoft.Network/privateDnsZones/{privateZoneName}/virtualNetworkLinks/{virtualNetworkLinkName}',
  'resources:ResourceGroup': GROUP,
  'storage:Blob':
    'Microsoft.Storage/storageAccounts/{accountName}/blobServices/default/containers/{containerName}/blobs/{blobName}',
  'storage:BlobContainer':
    'Microsoft.Storage/storageAccounts/{accountName}/blobServices/default/containers/{containerName}',
  'storage:BlobContainerImmutabilityPolicy':
    'Microsoft.Storage/storageAccounts/{accountName}/blobServices/default/containers/{containerName}/immutabilityPolicies/{immutabilityPolicyName}',
  'storage:BlobServiceProperties': 'Microsoft.Storage/storageAccounts/{accountName}/blobServices/{blobServicesName}',
  'storage:ManagementPolicy':
    'Microsoft.Storage/storageAccounts/{accountName}/managementPolicies/{managementPolicyName}',
  'storage:StorageAccount': 'Microsoft.Storage/storageAccounts/{accountName}',
  'web:AppServicePlan': 'Microsoft.Web/serverfarms/{name}',
  'web:WebApp': 'Microsoft.Web/sites/{name}',
  'web:WebAppApplicationSettings': 'Microsoft.Web/sites/{name}/config/appsettings',
  'web:WebAppFtpAllowed': 'Microsoft.Web/sites/{name}/basicPublishingCredentialsPolicies/ftp',
  'web:WebAppScmAllowed': 'Microsoft.Web/sites/{name}/basicPublishingCredentialsPolicies/scm',
};

const short = (type: string) => type.replace('azure-native:', '').replace(/\/v\d+\w*:/, ':');

function templateOf(type: string): string {
  const path = PATHS[short(type)] ?? guess(type, shapeOf(type));
  return path.startsWith('/') || path.startsWith('{') ? path : `${GROUP}/providers/${path}`;
}

/** Required texts that the response does not repeat, and then the optional one that is its name. */
function guess(type: string, shape: Shape | undefined): string {
  const texts = [...(shape?.inputs ?? [])].filter(([key]) => !shape!.outputs.has(key) && /[nN]ame$/.test(key));
  const keys = texts.filter(([, expression]) => /^string( \| undefined)?$/.test(expression)).map(([key]) => key);
  const isRequired = (key: string) => shape!.required.includes(key);
  const names = [...keys.filter(isRequired), ...keys.filter((key) => !isRequired(key))];
  const own = names.filter((key) => key !== 'resourceGroupName');
  return ['Stand.In', short(type).replace(':', '.'), ...own.map((key) => `{${key}}`)].join('/');
}

/** The inputs that are part of the resource's id. */
export const pathParameters = (type: string): string[] =>
  [...templateOf(type).matchAll(/\{(\w+)\}/g)].map(([, key = '']) => key);

/** The input that names the resource among its siblings; none for a part of another one. */
export const nameParameter = (type: string): string | undefined => /\{(\w+)\}$/.exec(templateOf(type))?.[1];

/** `Microsoft.Network/virtualNetworks/subnets`. */
export function restType(type: string): string {
  const [space = '', ...rest] = templateOf(type).split('/providers/').at(-1)!.split('/');
  return [space, ...rest.filter((_, i) => i % 2 === 0)].join('/');
}

export const idOf = (type: string, inputs: WireObject): string =>
  templateOf(type).replace(/\{(\w+)\}/g, (_, key) => String(inputs[key] ?? ''));

/** The path parameters of an id; undefined if it is not an id of this type. */
export function parseId(type: string, id: string): Record<string, string> | undefined {
  const pattern = templateOf(type)
    .replace(SUBSCRIPTION, '[^/]+')
    .replace(/^\{(\w+)\}/, '(?<$1>.+)')
    .replace(/\{(\w+)\}/g, '(?<$1>[^/]+)');
  const found = new RegExp(`^${pattern}$`, 'i').exec(id)?.groups;
  return found && { ...found };
}
