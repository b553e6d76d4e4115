// What an environment is. Read from top to bottom; each name is a file of components/ or provisioning/.
import { ResourceGroup } from '@pulumi/azure-native/resources/resourceGroup.js';
import { Access } from '../components/access.ts';
import { BrokerMachine } from '../components/broker-machine.ts';
import { Credentials } from '../components/credentials.ts';
import { FunctionApp } from '../components/function-app.ts';
import { Identities } from '../components/identities.ts';
import { Network } from '../components/network.ts';
import { namesFor } from '../components/placement.ts';
import { PrivateCa } from '../components/private-ca.ts';
import { Storage } from '../components/storage.ts';
import { Vault } from '../components/vault.ts';
import { ingressRules } from '../domain/ingress.ts';
import { loadConfig, project } from './config.ts';
import { grants } from './grants.ts';
import { ingestSettings } from './ingest-settings.ts';
import { userData } from './machine.ts';
import { platformSecrets } from './secrets.ts';

const config = loadConfig();
const { environment, location, owner, costCenter, domain } = config;
const tags = { environment, project, owner, costCenter };
const names = namesFor({ project, environment, suffix: config.nameSuffix });
const ingress = ingressRules(config);

const group = new ResourceGroup('group', { resourceGroupName: names.own('rg'), location, tags });
const placement = { resourceGroupName: group.name, location, tags, names };

const identities = new Identities('identities', { placement });
const network = new Network('network', { ...config, placement, ingress });
const brokerHost = domain ? `mqtt.${domain}` : network.hostName;

const credentials = new Credentials('credentials');
const privateCa = domain
  ? undefined
  : new PrivateCa('private-ca', { environment, hostName: brokerHost, address: network.publicAddress });
const vault = new Vault('vault', {
  placement,
  tenantId: identities.tenantId,
  retentionDays: config.vaultRetentionDays,
  purgeProtection: environment === 'prod',
  secrets: platformSecrets(config, credentials, privateCa),
});
const storage = new Storage('storage', { placement });
const access = new Access('access', { grants: grants(identities, vault, storage) });

const cloudInit = userData(ingress, vault);
new BrokerMachine('broker', { ...config, placement, identity: identities.broker, access, network, cloudInit });
const settings = ingestSettings({ config, brokerHost, brokerCa: privateCa?.caCertificate, vault });
const functions = { placement, identity: identities.functions, access, storage, settings };
const functionApp = new FunctionApp('functions', functions);

export const resourceGroup = group.name;
export const brokerAddress = network.publicAddress;
export const brokerCaCertificate = privateCa?.caCertificate;
export const functionAppName = functionApp.appName;
export const vaultName = vault.vaultName;
export { brokerHost };
