// What an environment is. Read from top to bottom; each name is a file of components/ or of this folder.
import { readFileSync } from 'node:fs';
import { interpolate } from '@pulumi/pulumi';
import { Access } from '../components/access.ts';
import { BrokerDns } from '../components/broker-dns.ts';
import { BundleStore } from '../components/bundle-store.ts';
import { Credentials } from '../components/credentials.ts';
import { Identities } from '../components/identities.ts';
import { IotHub } from '../components/iot-hub.ts';
import { LogWorkspace } from '../components/log-workspace.ts';
import { Network } from '../components/network.ts';
import { PrivateCa } from '../components/private-ca.ts';
import { Storage } from '../components/storage.ts';
import { Vault } from '../components/vault.ts';
import { ingressRules, MQTT_TLS_PORT, webSocketPorts } from '../domain/ingress.ts';
import { adopt, checkAdopted } from './adoption.ts';
import { makeBroker } from './broker.ts';
import { loadConfig } from './config.ts';
import { makeDashboard } from './dashboard.ts';
import { makeDatabase } from './database.ts';
import { makeFunctions } from './functions.ts';
import { grants } from './grants.ts';
import { ingestUsernames } from './ingest-accounts.ts';
import { monitor } from './monitoring.ts';
import { makePlacement } from './placement.ts';
import { hasPurgeProtection } from './purge-protection.ts';
import { platformSecrets } from './secrets.ts';
import { zoneOf } from './zone.ts';

const config = loadConfig();
adopt(config.adoption);
const { environment, domain } = config;
const ingress = ingressRules(config);
const placement = makePlacement(config);

const identities = new Identities('identities', { placement });
const network = new Network('network', { ...config, placement, ingress });
const brokerHost = domain ? `mqtt.${domain}` : network.hostName;

const credentials = new Credentials('credentials', { ingestUsernames: ingestUsernames(config) });
const privateCa = domain
  ? undefined
  : new PrivateCa('private-ca', { environment, hostName: brokerHost, address: network.publicAddress });
const dns = domain
  ? new BrokerDns('dns', { ...zoneOf(config), hostName: brokerHost, address: network.publicAddress })
  : undefined;
const database = await makeDatabase(config, credentials);
const vault = new Vault('vault', {
  placement,
  tenantId: identities.tenantId,
  retentionDays: config.vaultRetentionDays,
  purgeProtection: hasPurgeProtection(environment),
  secrets: platformSecrets(config, credentials, privateCa, dns?.token),
});
const storage = new Storage('storage', { placement });
const bundles = new BundleStore('bundles', { placement });
const logs = new LogWorkspace('logs', { ...config, placement });
const access = new Access('access', { grants: grants(identities, vault, storage, bundles, logs, config) });

const parts = { config, placement, identities, access, network, ingress, brokerHost, vault, storage, bundles, logs };
const machine = makeBroker(parts);
const brokerCa = privateCa?.caCertificate;
const after = database ? [database] : [];
const functionApp = await makeFunctions({ ...parts, brokerCa, after });
const dashboard = makeDashboard({ ...parts, brokerCa, after });
if (config.iotHub) new IotHub('iot-hub', { placement });
monitor({ ...parts, subscriptionId: identities.subscriptionId, machine, functionApp });
checkAdopted(config.adoption);

// What a person needs, none of it secret. Pulumi.README.md, the stack's own page, shows it.
export const resourceGroup = placement.resourceGroupName;
export const portalUrl = interpolate`https://portal.azure.com/#resource${placement.resourceGroupId}`;
export const brokerEndpoint = `mqtts://${brokerHost}:${MQTT_TLS_PORT}`;
export const brokerWebSocketEndpoints = webSocketPorts(config).map((port) => `wss://${brokerHost}:${port}/mqtt`);
export const brokerAddress = network.publicAddress;
// Null is an output that is not there; of an undefined one Pulumi warns.
export const brokerCaCertificate = brokerCa ?? null;
export const dashboardAddress = dashboard?.address ?? null;
export const functionAppName = functionApp.appName;
export const vaultName = vault.vaultName;
export { brokerHost, environment };
export const readme = readFileSync(new URL('../Pulumi.README.md', import.meta.url), 'utf8');
