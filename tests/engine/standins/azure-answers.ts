// What Azure answers beside what it was given, and what it refuses.
import { randomUUID } from 'node:crypto';
import { refusedProperties } from '../../../preview/immutables.ts';
import { covers, parsePath, touches } from '../../../preview/property-path.ts';
import { uuid } from './cloud.ts';
import { at, type Change, differences, drop, put, type WireObject } from './values.ts';

export const TENANT = '99999999-8888-4777-8666-555555555555';

/** Given, and never returned: a secret's value, a first boot's data, a password. */
const WRITE_ONLY: Record<string, string[]> = {
  'keyvault:Secret': ['properties.value'],
  'compute:VirtualMachine': ['osProfile.customData', 'osProfile.adminPassword'],
};

const short = (type: string) => type.replace('azure-native:', '').replace(/\/v\d+\w*:/, ':');

/** Path in the outputs to value. What the platform uses of other resources' answers is here; other answers stay out. */
function additions(type: string, name: string, inputs: WireObject): Record<string, string> {
  const given = (key: string) => String(inputs[key]);
  switch (short(type)) {
    case 'network:PublicIPAddress': {
      // The host name is the label's: another label is another name, none is none.
      const label = at(inputs, 'dnsSettings.domainNameLabel');
      return {
        ipAddress: '203.0.113.77',
        ...(typeof label === 'string' && { 'dnsSettings.fqdn': `${label}.${inputs.location}.cloudapp.azure.com` }),
      };
    }
    case 'managedidentity:UserAssignedIdentity':
      return { principalId: randomUUID(), clientId: randomUUID(), tenantId: TENANT };
    case 'compute:VirtualMachine':
      return { vmId: randomUUID() };
    case 'compute:Disk':
      return { uniqueId: randomUUID() };
    case 'keyvault:Vault':
      return { 'properties.vaultUri': `https://${name}.vault.azure.net/` };
    case 'keyvault:Secret': {
      const uri = `https://${given('vaultName')}.vault.azure.net/secrets/${name}`;
      return {
        'properties.secretUri': uri,
        'properties.secretUriWithVersion': `${uri}/${randomUUID().replaceAll('-', '')}`,
      };
    }
    case 'storage:StorageAccount':
      return { 'primaryEndpoints.blob': `https://${name}.blob.core.windows.net/` };
    case 'storage:Blob':
      return { url: `https://${given('accountName')}.blob.core.windows.net/${given('containerName')}/${name}` };
    case 'web:WebApp':
      return { defaultHostName: `${name}.azurewebsites.net`, state: 'Running' };
    case 'operationalinsights:Workspace':
      return { customerId: randomUUID() };
    case 'applicationinsights:Component': {
      const key = uuid(name);
      return {
        instrumentationKey: key,
        connectionString: `InstrumentationKey=${key};IngestionEndpoint=https://${inputs.location}-0.in.applicationinsights.azure.com/`,
        appId: randomUUID(),
      };
    }
    case 'eventgrid:Namespace':
      return {
        'topicSpacesConfiguration.hostname': `${name}.${inputs.location}-1.ts.eventgrid.azure.net`,
      };
    case 'iothub:IotHubResource':
      return { 'properties.hostName': `${name}.azure-devices.net` };
    default:
      return {};
  }
}

/** Completes an answer. What Azure gave once stays until the resource is made again; only a secret gets another version, and a label its name. */
export function complete(
  outputs: WireObject,
  type: string,
  name: string,
  inputs: WireObject,
  state?: WireObject,
): void {
  for (const [path, value] of Object.entries(additions(type, name, inputs))) {
    const had = /WithVersion$|\.fqdn$/.test(path) ? undefined : at(state, path);
    if (at(outputs, path) === undefined) put(outputs, path, had ?? value);
  }
  for (const path of WRITE_ONLY[short(type)] ?? []) drop(outputs, path);
}

/**
 * Azure's own refusals to change what exists (409, PropertyChangeNotAllowed), which the provider does not know of:
 * preview/immutables.ts lists them with their sources. @returns the first such property.
 */
export function unchangeable(type: string, olds: WireObject, news: WireObject): string | undefined {
  const patterns = refusedProperties(type).map(parsePath);
  const isImmutable = ({ path }: Change) =>
    patterns.some((pattern) => {
      const parsed = parsePath(path);
      return touches(pattern, parsed) || covers(pattern, parsed);
    });
  return differences(olds, news).find(isImmutable)?.path;
}
