// Properties that cannot change in place: the provider replaces the resource, or Azure refuses the update with
// PropertyChangeNotAllowed. The installed SDK does not say which they are, hence this table of the types in use.
//
// Sources: path parameters of each type's ARM resource id (always a replacement); forceNewMap in pulumi-azure-native
// (provider/pkg/gen/replacement.go); Azure's answers for virtual machines and disks; the RequiresReplace plan modifiers
// of terraform-provider-random, terraform-provider-tls and terraform-provider-cloudflare.

/** For every azure-native type: part of the resource id, and the region, which no resource can leave. */
const AZURE = ['resourceGroupName', 'location'];

const BY_TYPE: Record<string, string[]> = {
  'azure-native:applicationinsights:Component': ['resourceName'],
  'azure-native:applicationinsights:Workbook': ['resourceName'],
  'azure-native:authorization:RoleAssignment': ['roleAssignmentName', 'scope', 'principalId', 'roleDefinitionId'],
  'azure-native:compute:Disk': ['diskName', 'creationData.createOption', 'zones'],
  'azure-native:compute:VirtualMachine': [
    'vmName',
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
  'azure-native:compute:VirtualMachineRunCommandByVirtualMachine': ['runCommandName', 'vmName'],
  'azure-native:consumption:Budget': ['budgetName', 'scope'],
  'azure-native:iothub:IotHubResource': ['resourceName'],
  'azure-native:keyvault:Secret': ['vaultName', 'secretName'],
  'azure-native:keyvault:Vault': ['vaultName', 'properties.tenantId'],
  'azure-native:managedidentity:UserAssignedIdentity': ['resourceName'],
  'azure-native:monitor:ActionGroup': ['actionGroupName'],
  'azure-native:monitor:ActivityLogAlert': ['activityLogAlertName'],
  'azure-native:monitor:DiagnosticSetting': ['name', 'resourceUri'],
  'azure-native:monitor:MetricAlert': ['ruleName'],
  'azure-native:monitor:ScheduledQueryRule': ['ruleName'],
  'azure-native:network:NetworkInterface': ['networkInterfaceName'],
  'azure-native:network:NetworkSecurityGroup': ['networkSecurityGroupName'],
  'azure-native:network:PublicIPAddress': [
    'publicIpAddressName',
    'publicIPAddressVersion',
    'publicIPPrefix',
    'sku',
    'zones',
  ],
  'azure-native:network:SecurityRule': ['networkSecurityGroupName', 'securityRuleName'],
  'azure-native:network:Subnet': ['virtualNetworkName', 'subnetName'],
  'azure-native:network:VirtualNetwork': ['virtualNetworkName'],
  'azure-native:operationalinsights:Workspace': ['workspaceName'],
  'azure-native:resources:ResourceGroup': [],
  'azure-native:storage:Blob': ['accountName', 'containerName', 'blobName', 'type', 'source'],
  'azure-native:storage:BlobContainer': ['accountName', 'containerName'],
  'azure-native:storage:BlobServiceProperties': ['accountName', 'blobServicesName'],
  'azure-native:storage:ManagementPolicy': ['accountName', 'managementPolicyName'],
  'azure-native:storage:StorageAccount': ['accountName', 'isHnsEnabled'],
  'azure-native:web:AppServicePlan': ['name', 'reserved'],
  'azure-native:web:WebApp': ['name', 'kind'],
  'azure-native:web:WebAppApplicationSettings': ['name'],
  'azure-native:web:WebAppFtpAllowed': ['name'],
  'azure-native:web:WebAppScmAllowed': ['name'],
  'cloudflare:index/accountToken:AccountToken': ['accountId'],
  'cloudflare:index/dnsRecord:DnsRecord': ['zoneId'],
  'cloudflare:index/pagesDomain:PagesDomain': ['*'],
  'cloudflare:index/pagesProject:PagesProject': ['accountId', 'name'],
  // A changed command runs again, in place.
  'command:local:Command': [],
  'random:index/randomPassword:RandomPassword': ['*'],
  'random:index/randomString:RandomString': ['*'],
  'random:index/randomId:RandomId': ['*'],
  'tls:index/certRequest:CertRequest': ['*'],
  'tls:index/locallySignedCert:LocallySignedCert': [
    'caCertPem',
    'certRequestPem',
    'validityPeriodHours',
    'allowedUses',
  ],
  'tls:index/privateKey:PrivateKey': ['*'],
  'tls:index/selfSignedCert:SelfSignedCert': [
    'subject',
    'validityPeriodHours',
    'allowedUses',
    'dnsNames',
    'ipAddresses',
  ],
};

/** True when the table knows a type's immutable properties, be it that there are none. */
export const knowsImmutables = (type: string): boolean => Object.hasOwn(BY_TYPE, type);

/** Paths in the form of `replaceOnChanges`; none for a type that the table does not know. */
export function immutableProperties(type: string): string[] {
  const known = BY_TYPE[type] ?? [];
  return type.startsWith('azure-native:') ? [...AZURE, ...known] : known;
}
