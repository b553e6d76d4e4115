// Resource types that can open a path into a network, besides the groups and interfaces that other rules judge: types that are
// refused, with the reason; types judged by their properties (conditional-openings.ts); and types of azure-native's module
// `network` that open nothing. Any other type of that module is refused, because a later version of Azure may have added it.
import type { KnownObject } from '../known.ts';
import { CONDITIONS, NEIGHBOUR } from './conditional-openings.ts';

const TEMPLATE = 'deploys a template, and no policy sees the resources in it';
const SCRIPT = 'runs commands in the subscription, and no policy sees what they create';
const PROXY = 'forwards packets from a private address of its own, so security groups cannot see where they come from';
const OWN_RULES = 'creates public addresses or security rules of its own, which no policy sees';
const OVERRIDE = 'creates rules or routes that take precedence over every security group';
const TUNNEL = 'opens a tunnel from inside, which bypasses every security group';
const FOREIGN = 'belongs to a provider whose resources no rule of this pack judges';

/** Reason to types, or type prefixes that end with `*`. The package is azure-native unless named. */
const REFUSED: Record<string, string> = {
  [TEMPLATE]: `resources:Deployment* resources:Resource solutions:Application blueprint:Assignment
    devtestlab:Environment hybridnetwork:SiteNetworkService kubernetes:helm.sh/v3:Release`,
  [SCRIPT]: `resources:AzureCliScript resources:AzurePowerShellScript avs:ScriptExecution automation:Runbook
    automation:SourceControl logic:Workflow containerregistry:Task containerregistry:TaskRun`,
  [PROXY]: `network:ApplicationGateway* network:AzureFirewall network:BastionHost network:FirewallPolicy*
    network:NetworkVirtualAppliance* network:VirtualApplianceSite network:VirtualNetworkAppliance
    network:PrivateLinkService* network:SecurityPartnerProvider network:ServiceGateway cloudngfw:Firewall
    apimanagement:ApiManagementService kubernetes:networking.k8s.io/* kubernetes:gateway.networking.k8s.io/*
    kubernetes:extensions/v1beta1:Ingress* cloudflare:index/spectrumApplication:*`,
  [NEIGHBOUR]: `network:VirtualNetworkPeering network:ConnectivityConfiguration network:VirtualNetworkGateway*
    network:VpnGateway network:VpnConnection network:P2sVpnGateway network:NatRule network:ExpressRoute*
    network:HubVirtualNetworkConnection network:HubRouteTable network:VirtualHub* network:VirtualRouter*
    network:RouteMap network:RoutingIntent network:InterconnectGroup network:ConnectionPolicy`,
  [OWN_RULES]: `compute:VirtualMachineScaleSetVM compute:CloudService containerservice:ManagedCluster
    containerservice:AgentPool containerservice:OpenShiftManagedCluster redhatopenshift:* servicefabric:ManagedCluster
    servicefabric:Cluster servicefabricmesh:* batch:Pool hdinsight:Cluster labservices:Lab devtestlab:VirtualMachine
    devtestlab:Lab azurefleet:Fleet machinelearningservices:Compute databricks:Workspace avs:*PublicIP*
    azurestackhci:* networkcloud:* security:JitNetworkAccessPolicy containerinstance:NGroup
    virtualmachineimages:VirtualMachineImageTemplate`,
  [OVERRIDE]: `network:DefaultAdminRule network:SecurityUserRule network:UserRule network:DefaultUserRule network:Commit
    network:RoutingRule network:ScopeConnection network:ManagementGroupNetworkManagerConnection
    network:SubscriptionNetworkManagerConnection network:NetworkSecurityPerimeterAccessRule
    network:NetworkSecurityPerimeterLink network:NspAccessRule network:NspLink`,
  [TUNNEL]: `relay:HybridConnection relay:WCFRelay hybridconnectivity:Endpoint hybridconnectivity:ServiceConfiguration
    cloudflare:index/tunnel* cloudflare:index/zeroTrustTunnel* cloudflare:index/zeroTrustNetworkHostnameRoute:*
    cloudflare:index/magicWan*`,
  [FOREIGN]: 'azure:* azurerm:* azapi:*',
};

/** Types that open nothing by themselves: names and ranges, outbound access, monitoring, containers of rules, perimeters. */
const HARMLESS = `ApplicationSecurityGroup CustomIPPrefix PublicIPPrefix IpAllocation IpGroup IpamPool StaticCidr
  LocalNetworkGateway VpnSite VirtualWan DscpConfiguration RouteFilter RouteFilterRule DdosCustomPolicy
  DdosProtectionPlan PrivateDnsZoneGroup NatGateway PrivateEndpoint InterfaceEndpoint ServiceEndpointPolicy
  ServiceEndpointPolicyDefinition NetworkProfile NetworkWatcher FlowLog PacketCapture ConnectionMonitor
  ReachabilityAnalysisIntent ReachabilityAnalysisRun VerifierWorkspace VirtualNetworkTap
  NetworkInterfaceTapConfiguration NetworkManager NetworkGroup StaticMember SecurityAdminConfiguration
  AdminRuleCollection SecurityUserConfiguration SecurityUserRuleCollection UserRuleCollection
  NetworkManagerRoutingConfiguration RoutingConfiguration RoutingRuleCollection NetworkSecurityPerimeter
  NetworkSecurityPerimeterAssociation NetworkSecurityPerimeterLoggingConfiguration NetworkSecurityPerimeterProfile
  NspAssociation NspProfile WebApplicationFirewallPolicy VpnServerConfiguration P2sVpnServerConfiguration
  ConfigurationPolicyGroup`;
/** DNS, probes and public proxies that were in this module before azure-native version 3. */
const FORMERLY = `Zone RecordSet PrivateZone PrivateRecordSet VirtualNetworkLink DnssecConfig DnsResolver InboundEndpoint
  OutboundEndpoint DnsForwardingRuleset ForwardingRule PrivateResolverVirtualNetworkLink DnsResolverPolicy
  DnsResolverPolicyVirtualNetworkLink DnsResolverDomainList DnsSecurityRule Profile Endpoint
  TrafficManagerUserMetricsKey FrontDoor RulesEngine Policy Experiment NetworkExperimentProfile`;
/** Types that the rules NET-01 to NET-08 judge. */
const JUDGED = 'NetworkSecurityGroup SecurityRule Subnet NetworkInterface PublicIPAddress InboundNatRule';

const NATIVE = 'azure-native:';
const words = (text: string) => text.split(/\s+/).filter((word) => word !== '');
const token = (word: string) => (/^(azure|azurerm|azapi|cloudflare|kubernetes):/.test(word) ? word : NATIVE + word);
const toPattern = (word: string) =>
  new RegExp(`^${token(word).replaceAll(/[.*]/g, (mark) => (mark === '*' ? '.*' : '\\.'))}$`);
const REASONS = Object.entries(REFUSED).flatMap(([reason, list]) =>
  words(list).map((word): [RegExp, string] => [toPattern(word), reason]),
);
const OPENS_NOTHING = new Set(words(`${HARMLESS} ${FORMERLY} ${JUDGED}`).map((word) => `${NATIVE}network:${word}`));

const JUDGES = new Map(Object.entries(CONDITIONS).map(([type, judge]) => [token(type), judge]));

/** Packages with types in the table, besides azure-native. */
export const OTHER_PACKAGES = ['azure', 'azurerm', 'azapi', 'cloudflare', 'kubernetes'];
export const PACKAGES: readonly string[] = ['azure-native', ...OTHER_PACKAGES].map((name) => `${name}:*`);

/**
 * Why a resource may open a path that no rule judges, as the end of a sentence about it; undefined when it does not.
 * @param type undated.
 */
export function unjudgedOpening(type: string, props: KnownObject): string | undefined {
  const judge = JUDGES.get(type);
  if (judge) return judge(props);
  if (OPENS_NOTHING.has(type)) return undefined;
  const reason = REASONS.find(([pattern]) => pattern.test(type))?.[1];
  if (reason !== undefined) return reason;
  return type.startsWith(`${NATIVE}network:`) ? 'is a network resource type that this pack does not know' : undefined;
}

/** True for a type that the table classifies. */
export function isDecided(type: string): boolean {
  return JUDGES.has(type) || OPENS_NOTHING.has(type) || REASONS.some(([pattern]) => pattern.test(type));
}
