// What an environment is. Read from top to bottom; each name is a file of components/ or provisioning/.
import { Access } from '../components/access.ts';
import { BrokerConfiguration } from '../components/broker-configuration.ts';
import { BrokerDns } from '../components/broker-dns.ts';
import { BrokerMachine } from '../components/broker-machine.ts';
import { BundleStore } from '../components/bundle-store.ts';
import { Credentials } from '../components/credentials.ts';
import { FunctionApp } from '../components/function-app.ts';
import { FunctionDeployment } from '../components/function-deployment.ts';
import { Identities } from '../components/identities.ts';
import { IotHub } from '../components/iot-hub.ts';
import { LogWorkspace } from '../components/log-workspace.ts';
import { Network } from '../components/network.ts';
import { PrivateCa } from '../components/private-ca.ts';
import { Storage } from '../components/storage.ts';
import { Vault } from '../components/vault.ts';
import { ingressRules } from '../domain/ingress.ts';
import { freshFunctions } from '../provisioning/functions/build.ts';
import { packFunctions } from '../provisioning/functions/package.ts';
import { brokerBundle } from './broker-bundle.ts';
import { loadConfig } from './config.ts';
import { makeDashboard } from './dashboard.ts';
import { makeDatabase } from './database.ts';
import { grants } from './grants.ts';
import { ingestUsernames } from './ingest-accounts.ts';
import { ingestSettings } from './ingest-settings.ts';
import { userData } from './machine.ts';
import { monitor } from './monitoring.ts';
import { makePlacement } from './placement.ts';
import { hasPurgeProtection } from './purge-protection.ts';
import { platformSecrets } from './secrets.ts';
import { zoneOf } from './zone.ts';

const config = loadConfig();
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

const cloudInit = userData(ingress, bundles.url);
const machineArgs = { ...config, placement, identity: identities.broker, access, network, cloudInit };
const { machine } = new BrokerMachine('broker', machineArgs);
const bundle = brokerBundle({ config, ingress, brokerHost, vault, storage, bundles });
new BrokerConfiguration('broker-configuration', { placement, machine, bundles, bundle });

const brokerCa = privateCa?.caCertificate;
const settings = ingestSettings({ config, brokerHost, brokerCa, vault });
const functions = { placement, identity: identities.functions, access, storage, logs, settings };
const functionApp = new FunctionApp('functions', functions);
const functionPackage = packFunctions(await freshFunctions());
const { subscriptionId } = identities;
const after = database ? [database] : [];
new FunctionDeployment('function-deployment', { placement, subscriptionId, functionApp, functionPackage, after });

const dashboard = makeDashboard({ config, placement, brokerHost, brokerCa, after });

if (config.iotHub) new IotHub('iot-hub', { placement });

monitor({ config, subscriptionId, placement, logs, machine, network, vault, functionApp, storage, bundles });

export const resourceGroup = placement.resourceGroupName;
export const brokerAddress = network.publicAddress;
export const brokerCaCertificate = brokerCa;
export const dashboardAddress = dashboard?.address;
export const functionAppName = functionApp.appName;
export const vaultName = vault.vaultName;
export { brokerHost };
