// Properties that cannot change in place, for the types in use; the installed SDKs do not declare this. A test compares the
// table with what they declare: the inputs of a type, and which of them are not outputs.
//
// Sources: pulumi-azure-native's Diff (provider/pkg/provider/diff.go: every path parameter of the resource id; forceNewMap in
// gen/replacement.go; a property that Azure's specification marks create-only, at the top level alone); the RequiresReplace plan
// modifiers of terraform-provider-random, -tls and -cloudflare; for what Azure refuses, its answers and Microsoft Learn.

import type { PlanEntry } from './plan.ts';
import { covers, parsePath, type Segment } from './property-path.ts';

interface Azure {
  /** Parts of the resource id besides the group; the resource's own name last. */
  id: string[];
  createOnly?: string[];
  /** The provider sends an update, which Azure refuses (409, PropertyChangeNotAllowed and similar). */
  refused?: string[];
}

const AZURE: Record<string, Azure> = {
  'applicationinsights:Component': { id: ['resourceName'] },
  'applicationinsights:Workbook': { id: ['resourceName'] },
  'authorization:RoleAssignment': { id: ['scope', 'roleAssignmentName'], createOnly: ['principalId'] },
  'compute:Disk': { id: ['diskName'], refused: ['creationData', 'zones'] },
  'compute:VirtualMachine': {
    id: ['vmName'],
    refused: [
      'zones',
      'osProfile.adminUsername',
      'osProfile.computerName',
      'osProfile.customData',
      'osProfile.linuxConfiguration.disablePasswordAuthentication',
      'osProfile.linuxConfiguration.ssh',
      'storageProfile.imageReference',
      'storageProfile.osDisk.createOption',
      'storageProfile.osDisk.name',
    ],
  },
  'compute:VirtualMachineRunCommandByVirtualMachine': { id: ['vmName', 'runCommandName'] },
  'consumption:Budget': { id: ['scope', 'budgetName'] },
  'eventgrid:CaCertificate': { id: ['namespaceName', 'caCertificateName'] },
  'eventgrid:Namespace': { id: ['namespaceName'], refused: ['isZoneRedundant'] },
  'eventgrid:NamespaceTopic': { id: ['namespaceName', 'topicName'] },
  'eventgrid:NamespaceTopicEventSubscription': { id: ['namespaceName', 'topicName', 'eventSubscriptionName'] },
  'eventgrid:PermissionBinding': { id: ['namespaceName', 'permissionBindingName'] },
  'eventgrid:TopicSpace': { id: ['namespaceName', 'topicSpaceName'] },
  'eventhub:ConsumerGroup': { id: ['namespaceName', 'eventHubName', 'consumerGroupName'] },
  'eventhub:EventHub': { id: ['namespaceName', 'eventHubName'], refused: ['partitionCount'] },
  'eventhub:Namespace': { id: ['namespaceName'] },
  'eventhub:NamespaceNetworkRuleSet': { id: ['namespaceName'] },
  'iothub:IotHubResource': { id: ['resourceName'] },
  'keyvault:Secret': { id: ['vaultName', 'secretName'] },
  'keyvault:Vault': { id: ['vaultName'], refused: ['properties.softDeleteRetentionInDays'] },
  'managedidentity:FederatedIdentityCredential': { id: ['resourceName', 'federatedIdentityCredentialResourceName'] },
  'managedidentity:UserAssignedIdentity': { id: ['resourceName'] },
  'monitor:ActionGroup': { id: ['actionGroupName'] },
  'monitor:ActivityLogAlert': { id: ['activityLogAlertName'] },
  'monitor:DiagnosticSetting': { id: ['resourceUri', 'name'] },
  'monitor:MetricAlert': { id: ['ruleName'] },
  'monitor:ScheduledQueryRule': { id: ['ruleName'] },
  'network:NatGateway': { id: ['natGatewayName'] },
  'network:NetworkInterface': { id: ['networkInterfaceName'] },
  'network:NetworkSecurityGroup': { id: ['networkSecurityGroupName'] },
  'network:PrivateDnsZoneGroup': { id: ['privateEndpointName', 'privateDnsZoneGroupName'] },
  'network:PrivateEndpoint': { id: ['privateEndpointName'] },
  'network:PublicIPAddress': {
    id: ['publicIpAddressName'],
    createOnly: ['publicIPAddressVersion', 'publicIPPrefix', 'sku'],
    refused: ['zones'],
  },
  'network:Subnet': { id: ['virtualNetworkName', 'subnetName'] },
  'network:VirtualNetwork': { id: ['virtualNetworkName'] },
  'operationalinsights:Workspace': { id: ['workspaceName'] },
  'privatedns:PrivateZone': { id: ['privateZoneName'] },
  'privatedns:VirtualNetworkLink': { id: ['privateZoneName', 'virtualNetworkLinkName'] },
  'resources:ResourceGroup': { id: [] },
  'storage:Blob': { id: ['accountName', 'containerName', 'blobName'], createOnly: ['type', 'source', 'contentMd5'] },
  'storage:BlobContainer': { id: ['accountName', 'containerName'] },
  'storage:BlobContainerImmutabilityPolicy': { id: ['accountName', 'containerName', 'immutabilityPolicyName'] },
  'storage:BlobServiceProperties': { id: ['accountName', 'blobServicesName'] },
  'storage:ManagementPolicy': { id: ['accountName', 'managementPolicyName'] },
  'storage:StorageAccount': { id: ['accountName'], createOnly: ['isHnsEnabled'] },
  'web:AppServicePlan': { id: ['name'], refused: ['reserved'] },
  'web:WebApp': { id: ['name'], createOnly: ['kind'] },
  'web:WebAppApplicationSettings': { id: ['name'] },
  'web:WebAppFtpAllowed': { id: ['name'] },
  'web:WebAppScmAllowed': { id: ['name'] },
};

/** For other providers: properties that replace the resource. `*` means all except those in `except`. */
const OTHERS: Record<string, { replaces: string[]; except?: string[] }> = {
  'cloudflare:index/accountToken:AccountToken': { replaces: ['accountId'] },
  'cloudflare:index/dnsRecord:DnsRecord': { replaces: ['zoneId'] },
  'cloudflare:index/pagesDomain:PagesDomain': { replaces: ['*'] },
  'cloudflare:index/pagesProject:PagesProject': { replaces: ['accountId', 'name'] },
  // A changed command runs again, in place.
  'command:local:Command': { replaces: ['triggers'] },
  'random:index/randomPassword:RandomPassword': { replaces: ['*'] },
  'tls:index/certRequest:CertRequest': { replaces: ['*'] },
  'tls:index/locallySignedCert:LocallySignedCert': { replaces: ['*'], except: ['earlyRenewalHours'] },
  'tls:index/privateKey:PrivateKey': { replaces: ['*'] },
  'tls:index/selfSignedCert:SelfSignedCert': { replaces: ['*'], except: ['earlyRenewalHours'] },
};

const azure = (type: string) => AZURE[type.replace(/^azure-native:/, '')];
const isAzure = (type: string) => type.startsWith('azure-native:');

/** Every type in the table. */
export const knownTypes = [...Object.keys(AZURE).map((type) => `azure-native:${type}`), ...Object.keys(OTHERS)];

/** True when the table contains the type, even if it has no immutable properties. */
export const knowsImmutables = (type: string): boolean => knownTypes.includes(type);

/** Paths that replace a resource according to the table; `*` means every property except those in `except`. */
export function tabled(type: string): string[] {
  if (!isAzure(type)) return OTHERS[type]?.replaces ?? [];
  return [...idProperties(type), 'location', ...(azure(type)?.createOnly ?? [])];
}

/** True when a change at a path replaces the resource; a change above a listed path or `replaceOnChanges` does not. */
export function replaces({ type, options }: Pick<PlanEntry, 'type' | 'options'>, path: Segment[]): boolean {
  const isAt = (patterns: string[] = []) => patterns.some((pattern) => covers(parsePath(pattern), path));
  return isAt(options.replaceOnChanges) || (isAt(tabled(type)) && !isAt(OTHERS[type]?.except));
}

/** Properties that form a resource's id; with the same values, a replacement has the same id. Empty outside Azure. */
export function idProperties(type: string): string[] {
  return isAzure(type) ? ['resourceGroupName', ...(azure(type)?.id ?? [])] : [];
}

/** Paths that Azure refuses to change in place. */
export const refusedProperties = (type: string): string[] => azure(type)?.refused ?? [];

/**
 * True when the provider deletes the old resource before it creates the new one. azure-native does if both have the same name,
 * that is, unless it generated the name. (The option `deleteBeforeReplace` takes precedence.)
 */
export function deletesFirst(type: string, inputs: Readonly<Record<string, unknown>>): boolean {
  const name = idProperties(type).at(-1);
  return name !== undefined && inputs[name] !== undefined;
}
