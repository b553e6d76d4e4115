// What Azure's service tags can mean in an inbound rule.
import {
  type AddressSet,
  ALL_ADDRESSES,
  AZURE_HOST,
  NO_ADDRESSES,
  PRIVATE_ADDRESSES,
  PUBLIC_ADDRESSES,
} from './addresses.ts';

/**
 * A set that is not known exactly. An Allow rule is judged by `atMost` and a Deny rule by `atLeast`, so that missing
 * knowledge never makes a group look safer than it is.
 */
export interface Bounds {
  atMost: AddressSet;
  atLeast: AddressSet;
}

/** Bounds of a set that is known exactly. */
export function exactly(set: AddressSet): Bounds {
  return { atMost: set, atLeast: set };
}

/** Some addresses inside the virtual network: none is public, but which ones is not known. */
export const INSIDE_NETWORK: Bounds = { atMost: PRIVATE_ADDRESSES, atLeast: NO_ADDRESSES };

/** An unknown subset of all addresses. */
export const ANYTHING_OR_NOTHING: Bounds = { atMost: ALL_ADDRESSES, atLeast: NO_ADDRESSES };

const LOAD_BALANCER = exactly(AZURE_HOST);

/** Special tags as the source of a packet, including the classic spellings. */
const SOURCES: Record<string, Bounds> = {
  internet: exactly(PUBLIC_ADDRESSES),
  virtualnetwork: INSIDE_NETWORK,
  virtual_network: INSIDE_NETWORK,
  azureloadbalancer: LOAD_BALANCER,
  azure_loadbalancer: LOAD_BALANCER,
};

/** The same as the destination of a packet that has arrived at the machine, hence in the virtual network. */
const DESTINATIONS: Record<string, Bounds> = {
  internet: ANYTHING_OR_NOTHING,
  virtualnetwork: exactly(ALL_ADDRESSES),
  virtual_network: exactly(ALL_ADDRESSES),
  azureloadbalancer: LOAD_BALANCER,
  azure_loadbalancer: LOAD_BALANCER,
};

/**
 * Tags of Azure services: public ranges that Microsoft changes weekly and that may include other customers' machines.
 * Source: "Virtual network service tags" (Microsoft Learn) and the service tag discovery API; lower case here.
 */
const SERVICES = new Set(
  `actiongroup apimanagement appconfiguration applicationinsightsavailability appservice appservicemanagement
  autonomousdevelopmentplatform azureactivedirectory azureactivedirectorydomainservices azureadvancedthreatprotection
  azurearcinfrastructure azureattestation azurebackup azurebotservice azurecloud azurecognitivesearch azureconnectors
  azurecontainerappsservice azurecontainerregistry azurecosmosdb azuredatabricks azuredataexplorermanagement
  azuredatalake azuredeviceupdate azuredevops azuredevspaces azuredigitaltwins azureeventgrid
  azurefrontdoor azurehealthcareapis azureinformationprotection azureiothub azurekeyvault
  azureloadtestinginstancemanagement azuremachinelearning azuremachinelearninginference azuremanagedgrafana
  azuremonitor azuremonitorforsap azureopendatasets azureplatformdns azureplatformimds azureplatformlkm azureportal
  azureremoterendering azureresourcemanager azuresecuritycenter azuresentinel azuresignalr azuresiterecovery
  azuresphere azurespringcloud azurestack azuretrafficmanager azureupdatedelivery azurevideoanalyzerformedia
  azurewebpubsub batchnodemanagement chaosstudio cognitiveservicesfrontend cognitiveservicesmanagement
  containerappsmanagement copilotactions datafactory datafactorymanagement dynamics365businesscentral
  dynamics365formarketingemail dynamics365fraudprotection eopexternalpublishedips eventhub gatewaymanager
  genevaactions grafana guestandhybridmanagement hdinsight kustoanalytics logicapps logicappsmanagement
  m365lighthouseprod m365managementactivityapi m365managementactivityapiwebhook marketplace microsoftazurefluidrelay
  microsoftcloudappsecurity microsoftcontainerregistry microsoftdefenderforendpoint
  microsoftpurviewpolicydistribution onedscollector powerbi powerplatforminfra powerplatformplex powerqueryonline
  sccservice scuba securitycopilot serialconsole servicebus servicefabric sql sqlmanagement storage storagemover
  storagesyncservice videoindexer virtualdesktop windowsadmincenter windowsvirtualdesktop`.split(/\s+/),
);

/** A service tag, optionally for one region or part: `Storage`, `Storage.WestEurope`, `AzureFrontDoor.Backend`. */
function isServiceTag(tag: string): boolean {
  const [service, part, ...rest] = tag.split('.');
  return SERVICES.has(service!) && rest.length === 0 && (part === undefined || /^[a-z0-9]+$/.test(part));
}

/** What the tag means on that side of an inbound packet, ignoring case; undefined for a tag not listed here. */
export function tagBounds(tag: string, side: 'source' | 'destination'): Bounds | undefined {
  const key = tag.trim().toLowerCase();
  const special = (side === 'source' ? SOURCES : DESTINATIONS)[key];
  if (special !== undefined) return special;
  return isServiceTag(key) ? ANYTHING_OR_NOTHING : undefined;
}

/** The service tag that a source names, in lower case; undefined for any other text. Its addresses are some public ones. */
export function sourceTag(text: string): string | undefined {
  const key = text.trim().toLowerCase();
  return SOURCES[key] === undefined && isServiceTag(key) ? key : undefined;
}

/** True when every address of the tag also belongs to the other: `storage.westeurope` is part of `storage`. */
export function isPartOf(tag: string, other: string): boolean {
  return tag === other || tag.startsWith(`${other}.`);
}
