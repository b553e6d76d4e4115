// Scenarios of what the broker's side and the functions share, and of the functions.
import { Access } from '../../access.ts';
import { Credentials } from '../../credentials.ts';
import { DashboardSite } from '../../dashboard-site.ts';
import { Database } from '../../database.ts';
import { FunctionApp } from '../../function-app.ts';
import { FunctionDeployment } from '../../function-deployment.ts';
import { Storage } from '../../storage.ts';
import { Vault } from '../../vault.ts';
import type { Scenarios, World } from './scenario.ts';

const ACCOUNT = 'fedcba9876543210fedcba9876543210';

export const credentials: Scenarios<Credentials> = {
  defaults: ({ name }) => new Credentials(name('credentials'), { usernames: ['svc-ingest'], notifyGenerations: [1] }),
  max: ({ name }) =>
    new Credentials(name('credentials'), {
      usernames: ['svc-ingest', 'svc-ingest-2', 'svc-ingest-3'],
      notifyGenerations: [2, 1],
    }),
  hardened: ({ name }) =>
    new Credentials(name('credentials'), { usernames: ['svc-ingest'], notifyGenerations: [1] }, { protect: true }),
};

export const vault: Scenarios<Vault> = {
  defaults: ({ name, placement, identities: { tenantId } }) =>
    new Vault(name('vault'), { placement, tenantId, retentionDays: 90, purgeProtection: true, secrets: {} }),
  max: ({ name, placement, identities: { tenantId }, credentials }) =>
    new Vault(name('vault'), {
      placement,
      tenantId,
      retentionDays: 90,
      purgeProtection: true,
      secrets: Object.fromEntries(
        [...credentials.accountPasswords].map(([username, value]) => [
          `${username}-password`,
          { value, contentType: `password of ${username}` },
        ]),
      ),
    }),
  hardened: ({ name, placement, identities: { tenantId }, credentials }) =>
    new Vault(name('vault'), {
      placement,
      tenantId,
      retentionDays: 90,
      // Nobody, not even an owner, can permanently delete a secret before 90 days have passed.
      purgeProtection: true,
      secrets: {
        'svc-ingest-password': {
          value: credentials.accountPassword('svc-ingest'),
          contentType: 'password of svc-ingest',
        },
      },
    }),
};

export const storage: Scenarios<Storage> = {
  defaults: ({ name, placement }) => new Storage(name('storage'), { placement }),
  max: ({ name, placement }) => new Storage(name('storage'), { placement }),
  hardened: ({ name, placement }) => new Storage(name('storage'), { placement }, { protect: true }),
};

/** Roles by the narrowest scope that is enough. */
const grants = ({ identities, storage, bundles }: World) => ({
  'broker-reads-bundles': {
    to: identities.broker.principalId,
    role: 'Storage Blob Data Reader' as const,
    on: bundles.containerId,
    why: 'The machine fetches its configuration from there',
  },
  'functions-own-host-storage': {
    to: identities.functions.principalId,
    role: 'Storage Blob Data Owner' as const,
    on: storage.accountId,
    why: 'The Functions host keeps its locks and keys there and reads its package',
  },
});

export const access: Scenarios<Access> = {
  defaults: ({ name }) => new Access(name('access'), { grants: {} }),
  max: (world) => new Access(world.name('access'), { grants: grants(world) }),
  hardened: ({ name, identities, vault }) =>
    new Access(name('access'), {
      grants: {
        // One secret, not the vault.
        'functions-read-ingest-password': {
          to: identities.functions.principalId,
          role: 'Key Vault Secrets User',
          on: vault.idOf('svc-ingest-password'),
          why: 'Ingest signs in to the broker',
        },
      },
    }),
};

const app = ({ placement, identities: { functions: identity }, access, storage, logs }: World) => ({
  placement,
  identity,
  access,
  storage,
  logs,
});

export const functionApp: Scenarios<FunctionApp> = {
  defaults: (world) => new FunctionApp(world.name('functions'), { ...app(world), settings: {} }),
  max: (world) =>
    new FunctionApp(world.name('functions'), {
      ...app(world),
      settings: { LOG_LEVEL: 'debug', INGEST_BATCH_CAP: '100000', INGEST_TIME_GUARD_MS: '540000' },
    }),
  hardened: (world) =>
    new FunctionApp(world.name('functions'), {
      ...app(world),
      // A reference: reading the app's settings reveals no password.
      settings: { MQTT_BROKER_PASSWORD: world.vault.reference('svc-ingest-password') },
    }),
};

/** A package made of one file, in place of `packFunctions(await freshFunctions())`. */
const functionPackage = { id: '0'.repeat(64), archive: Buffer.from('a package') };

export const functionDeployment: Scenarios<FunctionDeployment> = {
  defaults: ({ name, placement, identities: { subscriptionId }, functionApp }) =>
    new FunctionDeployment(name('deployment'), { placement, subscriptionId, functionApp, functionPackage }),
  max: ({ name, placement, identities: { subscriptionId }, functionApp, access, vault }) =>
    new FunctionDeployment(name('deployment'), {
      placement,
      subscriptionId,
      functionApp,
      functionPackage,
      after: [access, vault],
    }),
  hardened: ({ name, placement, functionApp }) =>
    new FunctionDeployment(name('deployment'), {
      placement,
      functionApp,
      functionPackage,
      // Of this subscription only, whichever one the provider is signed in to.
      subscriptionId: '11111111-2222-3333-4444-555555555555',
    }),
};

const target = { host: 'db.example.com', database: 'postgres', migrationsHash: 'a1b2' };

export const database: Scenarios<Database> = {
  defaults: ({ name, credentials }) =>
    new Database(name('database'), {
      ...target,
      roles: {
        mqtt_ingest: credentials.databasePassword,
        broker_sync: credentials.registryPassword,
        backup_reader: credentials.backupPassword,
        archive_writer: credentials.archivePassword,
      },
      accounts: [],
    }),
  max: ({ name, credentials }) =>
    new Database(name('database'), {
      ...target,
      projectRef: 'abcdefghijklmnopqrst',
      ca: '-----BEGIN CERTIFICATE-----\nMIIB...\n-----END CERTIFICATE-----\n',
      roles: {
        mqtt_ingest: credentials.databasePassword,
        broker_sync: credentials.registryPassword,
        backup_reader: credentials.backupPassword,
        archive_writer: credentials.archivePassword,
      },
      accounts: [...credentials.accountPasswords].map(([username, key]) => ({ username, purpose: 'ingest', key })),
    }),
  hardened: ({ name, credentials }) =>
    new Database(name('database'), {
      ...target,
      // A DATABASE_URL of another project is refused.
      projectRef: 'abcdefghijklmnopqrst',
      roles: {
        mqtt_ingest: credentials.databasePassword,
        broker_sync: credentials.registryPassword,
        backup_reader: credentials.backupPassword,
        archive_writer: credentials.archivePassword,
      },
      accounts: [{ username: 'svc-ingest', purpose: 'ingest', key: credentials.accountPassword('svc-ingest') }],
    }),
};

export const dashboardSite: Scenarios<DashboardSite> = {
  defaults: ({ name }) =>
    new DashboardSite(name('dashboard'), {
      accountId: ACCOUNT,
      projectName: 'mqtt-saas-dev-1a2b3c',
      sources: 'c3d4',
      variables: {},
    }),
  max: ({ name, network, access }) =>
    new DashboardSite(name('dashboard'), {
      accountId: ACCOUNT,
      projectName: 'mqtt-saas-staging-1a2b3c',
      domain: { hostName: 'dashboard.telemetry.example.com', zoneId: '0123456789abcdef0123456789abcdef' },
      sources: 'c3d4',
      variables: { ENVIRONMENT: 'staging', BROKER_HOST: network.hostName },
      after: [access],
    }),
  hardened: ({ name }) =>
    new DashboardSite(name('dashboard'), {
      accountId: ACCOUNT,
      projectName: 'mqtt-saas-prod-1a2b3c',
      // Behind Cloudflare's proxy.
      domain: { hostName: 'dashboard.telemetry.example.com', zoneId: '0123456789abcdef0123456789abcdef' },
      sources: 'c3d4',
      variables: { ENVIRONMENT: 'prod' },
    }),
};
