// What an environment consists of. Read it from top to bottom; each name is a file of components/ or of this folder.
import { Access } from '../components/access.ts';
import { BundleStore } from '../components/bundle-store.ts';
import { Credentials } from '../components/credentials.ts';
import { Identities } from '../components/identities.ts';
import { IotHub } from '../components/iot-hub.ts';
import { LogWorkspace } from '../components/log-workspace.ts';
import { Storage } from '../components/storage.ts';
import { Vault } from '../components/vault.ts';
import { adopt, checkAdopted } from './adoption/adopt.ts';
import { makeArchive, makeBackups } from './backups.ts';
import { loadConfig } from './configuration/config.ts';
import { makeDashboard } from './dashboard.ts';
import { makeDatabase } from './database.ts';
import { makeFunctions } from './functions.ts';
import { monitor } from './monitoring.ts';
import { outputsOf } from './outputs.ts';
import { makePlacement } from './placement.ts';
import { makeBroker } from './profiles/machine/broker.ts';
import { makeEndpoint } from './profiles/machine/endpoint.ts';
import { makeManaged } from './profiles/managed/managed.ts';
import { controlUsernames, ingestUsernames } from './tables/accounts.ts';
import { grants, machineGrants } from './tables/grants.ts';
import { hasPurgeProtection, notifyGenerations, platformSecrets } from './tables/secrets.ts';

const config = loadConfig();
adopt(config.adoption);
const placement = makePlacement(config);

const identities = new Identities('identities', { placement });
const endpoint = makeEndpoint(config, placement);
const credentials = new Credentials('credentials', {
  usernames: [...ingestUsernames(config), ...controlUsernames(config)],
  notifyGenerations: notifyGenerations(config),
});
const database = await makeDatabase(config, credentials);
const vault = new Vault('vault', {
  placement,
  tenantId: identities.tenantId,
  retentionDays: config.vaultRetentionDays,
  purgeProtection: hasPurgeProtection(config.environment),
  secrets: platformSecrets(config, credentials, endpoint),
});
const storage = new Storage('storage', { placement });
const bundles = new BundleStore('bundles', { placement });
const backups = makeBackups(config, placement);
const archive = makeArchive(config, placement);
const logs = new LogWorkspace('logs', { ...config, placement });
const access = new Access('access', {
  grants: grants(identities, vault, storage, bundles, logs, config, { backups, archive }),
});

const parts = { ...endpoint, config, placement, identities, access, vault, storage, bundles, logs, backups, archive };
const { machine, standby } = makeBroker(parts);
new Access('machine-access', { grants: machineGrants(identities, machine, standby) });
const after = database ? [database] : [];
const dashboard = makeDashboard({ ...parts, after });
const managed = makeManaged(parts);
const functionApp = await makeFunctions({ ...parts, managed, dashboardUrl: dashboard?.address, after });
if (config.iotHub) new IotHub('iot-hub', { placement });
monitor({ ...parts, subscriptionId: identities.subscriptionId, machine, managed, functionApp });
checkAdopted(config.adoption);

export default outputsOf({ ...parts, managed, functionApp, dashboard });
