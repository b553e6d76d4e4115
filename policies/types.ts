// Undated type tokens of the resources that the rules judge.
export const SECURITY_GROUP = 'azure-native:network:NetworkSecurityGroup';
export const SECURITY_RULE = 'azure-native:network:SecurityRule';
export const SUBNET = 'azure-native:network:Subnet';
export const VIRTUAL_NETWORK = 'azure-native:network:VirtualNetwork';
export const NETWORK_INTERFACE = 'azure-native:network:NetworkInterface';
export const PUBLIC_IP = 'azure-native:network:PublicIPAddress';
export const LOAD_BALANCER = 'azure-native:network:LoadBalancer';
export const FLOW_LOG = 'azure-native:network:FlowLog';
export const VIRTUAL_MACHINE = 'azure-native:compute:VirtualMachine';
export const SCALE_SET = 'azure-native:compute:VirtualMachineScaleSet';
export const VM_EXTENSION = 'azure-native:compute:VirtualMachineExtension';
export const RUN_COMMAND = 'azure-native:compute:VirtualMachineRunCommandByVirtualMachine';
/** Resources that run a script inside a machine, with the machine's identity. */
export const SCRIPT_RUNNERS: readonly string[] = [
  VM_EXTENSION,
  RUN_COMMAND,
  'azure-native:compute:VirtualMachineScaleSetExtension',
  'azure-native:compute:VirtualMachineScaleSetVMExtension',
  'azure-native:compute:VirtualMachineScaleSetVMRunCommand',
];
export const DISK = 'azure-native:compute:Disk';
export const VAULT = 'azure-native:keyvault:Vault';
export const ACCESS_POLICY = 'azure-native:keyvault:AccessPolicy';
export const VAULT_SECRET = 'azure-native:keyvault:Secret';
export const ROLE_ASSIGNMENT = 'azure-native:authorization:RoleAssignment';
export const WEB_APP = 'azure-native:web:WebApp';
export const WEB_APP_SLOT = 'azure-native:web:WebAppSlot';
export const FTP_ALLOWED = 'azure-native:web:WebAppFtpAllowed';
export const SCM_ALLOWED = 'azure-native:web:WebAppScmAllowed';
export const APP_SERVICE_PLAN = 'azure-native:web:AppServicePlan';
export const STORAGE_ACCOUNT = 'azure-native:storage:StorageAccount';
export const BLOB_CONTAINER = 'azure-native:storage:BlobContainer';
export const BLOB_SERVICE = 'azure-native:storage:BlobServiceProperties';
export const IMMUTABILITY_POLICY = 'azure-native:storage:BlobContainerImmutabilityPolicy';
export const EVENT_GRID_NAMESPACE = 'azure-native:eventgrid:Namespace';
export const TOPIC_SPACE = 'azure-native:eventgrid:TopicSpace';
export const MQTT_CLIENT = 'azure-native:eventgrid:Client';
export const EVENT_HUBS_NAMESPACE = 'azure-native:eventhub:Namespace';
export const RANDOM_PASSWORD = 'random:index/randomPassword:RandomPassword';
export const RANDOM_STRING = 'random:index/randomString:RandomString';
export const RANDOM_ID = 'random:index/randomId:RandomId';
export const COMMANDS: readonly string[] = ['command:local:Command', 'command:remote:Command'];
export const PAGES_PROJECT = 'cloudflare:index/pagesProject:PagesProject';
export const DNS_RECORDS: readonly string[] = [
  'cloudflare:index/dnsRecord:DnsRecord',
  'cloudflare:index/record:Record',
];
export const ACTION_GROUP = 'azure-native:monitor:ActionGroup';
export const ACTIVITY_LOG_ALERT = 'azure-native:monitor:ActivityLogAlert';
export const METRIC_ALERT = 'azure-native:monitor:MetricAlert';
export const QUERY_ALERT = 'azure-native:monitor:ScheduledQueryRule';
export const DIAGNOSTIC_SETTING = 'azure-native:monitor:DiagnosticSetting';
export const BUDGETS: readonly string[] = ['azure-native:consumption:Budget', 'azure-native:costmanagement:Budget'];
export const PROXMOX_MACHINE = 'proxmoxve:index/vmLegacy:VmLegacy';
export const PROXMOX_FILE = 'proxmoxve:index/fileLegacy:FileLegacy';
export const PROXMOX_FIREWALL = 'proxmoxve:firewall/optionsLegacy:OptionsLegacy';
export const PROXMOX_RULES = 'proxmoxve:firewall/rulesLegacy:RulesLegacy';
