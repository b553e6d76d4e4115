// The committed stacks, planned by the genuine SDK: what would be deployed, not what a mock was told.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { isProduction } from '../policies/environment.ts';
import type { Plan, PlanEntry } from '../preview/plan.ts';
import { preview } from '../preview/preview.ts';
import { packFunctions } from '../provisioning/functions/package.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Plans a stack file with some of its lines changed, in a folder of its own; `as`: as if it were another stack's. */
async function planOf(stack: string, change: (file: string) => string = (file) => file, as = stack): Promise<Plan> {
  const folder = mkdtempSync(join(tmpdir(), 'plan-'));
  try {
    const project = readFileSync(join(root, 'Pulumi.yaml'), 'utf8');
    writeFileSync(join(folder, 'Pulumi.yaml'), project.replace('stacks/index.ts', join(root, 'stacks/index.ts')));
    writeFileSync(join(folder, `Pulumi.${as}.yaml`), change(readFileSync(join(root, `Pulumi.${stack}.yaml`), 'utf8')));
    return (await preview({ stack: as, root: folder, policyPack: false })).plan;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Inputs as they are read here; a missing one shows as undefined in the failed expectation. */
// biome-ignore lint/suspicious/noExplicitAny: a plan is JSON of many shapes
type Inputs = any;
const all = (plan: Plan, type: string) => plan.filter((entry) => entry.type === `azure-native:${type}`);
const one = (plan: Plan, type: string): PlanEntry & { inputs: Inputs } => {
  const [entry, ...others] = all(plan, type);
  if (!entry || others.length > 0) throw new Error(`${others.length + (entry ? 1 : 0)} resources of type ${type}`);
  return entry;
};
const nameOfUrn = (urn: string) => urn.split('::').at(-1);

/** Azure gives these no tags. */
const UNTAGGABLE =
  /RoleAssignment|Subnet$|Blob$|BlobContainer|BlobServiceProperties|ManagementPolicy|DiagnosticSetting|Budget|WebApp(ApplicationSettings|FtpAllowed|ScmAllowed)/;

describe.each(['dev', 'prod'])('%s', (stack) => {
  let plan: Plan;
  beforeAll(async () => {
    plan = await planOf(stack);
  });

  it('tags whatever can be tagged', () => {
    const tagged = plan.filter(({ type }) => type.startsWith('azure-native:') && !UNTAGGABLE.test(type));
    const tags = {
      environment: stack,
      project: 'mqtt-saas',
      owner: 'platform@example.com',
      costCenter: expect.any(String),
    };
    for (const { name, inputs } of tagged) expect(inputs.tags, name).toEqual(tags);
    expect(tagged.length).toBeGreaterThan(10);
  });

  it('lets in SSH from the administrators and MQTT over TLS, and denies the rest', () => {
    const rules = one(plan, 'network:NetworkSecurityGroup').inputs.securityRules as Record<string, unknown>[];
    const admins = stack === 'dev' ? ['203.0.113.10/32'] : ['203.0.113.10/32', '203.0.113.20/32'];
    expect(
      rules.map((r) => [
        r.priority,
        r.access,
        r.sourceAddressPrefixes ?? r.sourceAddressPrefix,
        r.protocol,
        r.destinationPortRange,
      ]),
    ).toEqual([
      [100, 'Allow', admins, 'Tcp', '22'],
      [110, 'Allow', '*', 'Tcp', '8883'],
      [4096, 'Deny', '*', '*', '*'],
    ]);
    const subnet = one(plan, 'network:Subnet');
    expect(subnet.inputs.defaultOutboundAccess).toBe(false);
    expect(subnet.options.propertyDependencies?.networkSecurityGroup?.map(nameOfUrn)).toEqual(['network-nsg']);
    expect(one(plan, 'network:VirtualNetwork').inputs.subnets).toBeUndefined();
  });

  it('can replace the machine and keep address, disk and access', () => {
    const machine = one(plan, 'compute:VirtualMachine');
    const disk = one(plan, 'compute:Disk');
    expect(disk.options.protect).toBe(true);
    expect(machine.inputs.storageProfile.dataDisks[0]).toMatchObject({
      createOption: 'Attach',
      deleteOption: 'Detach',
    });
    expect(machine.inputs.networkProfile.networkInterfaces[0].deleteOption).toBe('Detach');
    expect(machine.options).toMatchObject({ deleteBeforeReplace: true, ignoreChanges: ['osProfile.customData'] });
    // Alerts only watch it, by an id that stays the same.
    const onMachine = plan.filter(
      ({ name, dependencies }) => dependencies.includes(machine.urn) && !/^alerts-/.test(name),
    );
    expect(onMachine.map(({ name }) => name)).toEqual(['broker-configuration-apply']);
    expect(onMachine[0]?.options.deletedWith).toBe(machine.urn);
    const before = machine.dependencies.map(nameOfUrn);
    expect(before).toEqual(
      expect.arrayContaining([
        'broker-data',
        'network-nic',
        'identities-broker',
        'access-broker-reads-svc-ingest-password',
      ]),
    );
  });

  it('signs in to the machine with keys only, and boots it trusted', () => {
    const { osProfile, identity, securityProfile } = one(plan, 'compute:VirtualMachine').inputs;
    expect(osProfile.linuxConfiguration.disablePasswordAuthentication).toBe(true);
    expect(osProfile.adminPassword).toBeUndefined();
    expect(identity.type).toBe('UserAssigned');
    expect(securityProfile).toMatchObject({ securityType: 'TrustedLaunch', encryptionAtHost: true });
  });

  it('holds no secret in clear, and none in the machine’s user data', () => {
    const userData = Buffer.from(one(plan, 'compute:VirtualMachine').inputs.osProfile.customData, 'base64').toString();
    expect(userData).toMatch(/^#cloud-config\n/);
    for (const text of [userData, JSON.stringify(plan)]) {
      expect(text).not.toMatch(/PRIVATE KEY|\$7\$\d|eyJ[\w-]+\.|AccountKey=|:\/\/[^/\s:"]+:[^/\s"]+@/);
    }
    const values = all(plan, 'keyvault:Secret').map(({ inputs }: { inputs: Inputs }) => [
      inputs.secretName,
      inputs.properties.value,
    ]);
    expect(Object.fromEntries(values)).toMatchObject({
      'svc-ingest-password': '[secret]',
      'ingest-database-url': '[secret]',
    });
  });

  it('gives the app references, not secrets', () => {
    const settings = one(plan, 'web:WebAppApplicationSettings').inputs.properties;
    for (const name of ['MQTT_BROKER_PASSWORD', 'EXTERNAL_DATABASE_CONNECTION_STRING']) {
      expect(settings[name]).toMatch(/^@Microsoft\.KeyVault\(VaultName=kv-mqtt-\w+-\w+;SecretName=[\w-]+\)$/);
    }
    expect(settings.MQTT_BROKER_URL).toMatch(/^mqtts:\/\/[a-z0-9.-]+:8883$/);
    // On Flex Consumption these are refused or ignored: functionAppConfig says it.
    for (const name of ['FUNCTIONS_WORKER_RUNTIME', 'WEBSITE_RUN_FROM_PACKAGE', 'AzureWebJobsStorage']) {
      expect(settings).not.toHaveProperty(name);
    }
  });

  it('gives each identity the rights of this table and no others', () => {
    const table = all(plan, 'authorization:RoleAssignment').map(
      ({ name, inputs, options }: { name: string; inputs: Inputs; options: Inputs }) => {
        expect(inputs.principalType).toBe('ServicePrincipal');
        const { principalId, scope } = options.propertyDependencies;
        return [
          nameOfUrn(principalId[0]),
          inputs.roleDefinitionId.split('/').at(-1).slice(0, 8),
          nameOfUrn(scope[0]),
          scope.length,
          name.startsWith('access-'),
        ];
      },
    );
    const [reads, owns, fetches, writes, writesLog] = ['4633458b', 'b7e6dc6d', '2a2b9908', 'ba92f5b4', '3913510d'];
    const tls = ['ca', 'certificate', 'key'].map((what) => [
      'identities-broker',
      reads,
      `vault-broker-tls-${what}`,
      1,
      true,
    ]);
    expect(table).toEqual([
      ...(stack === 'dev' ? tls : []),
      ['identities-broker', fetches, 'bundles-container', 1, true],
      ...(stack === 'prod' ? [['identities-broker', reads, 'vault-cloudflare-dns-token', 1, true]] : []),
      ['identities-broker', reads, 'vault-registry-database-url', 1, true],
      ['identities-broker', reads, 'vault-svc-ingest-2-password', 1, true],
      ['identities-broker', reads, 'vault-svc-ingest-password', 1, true],
      ['identities-broker', writes, 'storage-broker-state', 1, true],
      ['identities-functions', owns, 'storage-account', 1, true],
      ['identities-functions', reads, 'vault-ingest-database-url', 1, true],
      ['identities-functions', reads, 'vault-svc-ingest-2-password', 1, true],
      ['identities-functions', reads, 'vault-svc-ingest-password', 1, true],
      ['identities-functions', writesLog, 'logs-insights', 1, true],
    ]);
  });

  it('uploads the broker’s configuration, has the machine apply it, and only then lets machines boot with it', () => {
    const blobs = all(plan, 'storage:Blob') as (PlanEntry & { inputs: Inputs })[];
    const [archive, pointer] = blobs;
    const apply = one(plan, 'compute:VirtualMachineRunCommandByVirtualMachine');
    const [, hash] = /^([0-9a-f]{64})\.tgz$/.exec(archive?.inputs.blobName) ?? [];
    const path = archive?.inputs.source.path;
    expect(createHash('sha256').update(readFileSync(path)).digest('hex')).toBe(hash);
    expect(apply.inputs).toMatchObject({ asyncExecution: false, treatFailureAsDeploymentFailure: true });
    expect(apply.inputs.source.script).toContain(`/broker-bundles ${hash}\n`);
    expect(apply.dependencies).toContain(archive?.urn);
    expect(pointer?.inputs).toMatchObject({ blobName: 'current', source: { text: `${hash}\n` } });
    expect(pointer?.dependencies).toContain(apply.urn);
    expect(pointer?.options.deleteBeforeReplace).toBe(true);
    const inBundle = gunzipSync(readFileSync(path)).toString();
    for (const text of [inBundle, JSON.stringify([apply, pointer])]) {
      expect(text).not.toMatch(
        /BEGIN [A-Z ]*PRIVATE KEY|\$7\$\d{2,}\$|eyJ[\w-]+\.|AccountKey=|:\/\/[^/\s:"]+:[^/\s"{]+@/,
      );
    }
  });

  it('deploys the functions that were built, once by their hash, when the app is ready', () => {
    const command = plan.find(({ name }) => name === 'function-deployment-package');
    const { create, environment, logging }: Inputs = command?.inputs ?? {};
    const app = one(plan, 'web:WebApp');
    expect(create).toBe(
      `npm run --silent ops -- deploy functions --subscription 00000000-0000-0000-0000-000000000000 --resource-group rg-mqtt-saas-${stack} --app ${app.inputs.name}`,
    );
    expect(logging).toBe('none');
    const path = environment.FUNCTIONS_PACKAGE;
    const [, hash] = /^dist\/deployments\/([0-9a-f]{64})\.zip$/.exec(path) ?? [];
    expect(
      createHash('sha256')
        .update(readFileSync(join(root, path)))
        .digest('hex'),
    ).toBe(hash);
    expect(packFunctions(join(root, 'dist/functions')).hash).toBe(hash);
    expect(command?.dependencies.map(nameOfUrn)).toEqual(
      expect.arrayContaining(['functions-app', 'functions-settings']),
    );
    expect(command?.options.replaceWith).toEqual([app.urn]);
  });

  it('fits Azure’s limits for names', () => {
    const vault = one(plan, 'keyvault:Vault').inputs.vaultName;
    expect(vault).toMatch(/^[a-z](?!.*--)[a-z0-9-]{1,22}[a-z0-9]$/);
    const accounts = all(plan, 'storage:StorageAccount').map(({ inputs }: { inputs: Inputs }) => inputs.accountName);
    expect(new Set(accounts).size).toBe(2);
    for (const name of accounts) expect(name).toMatch(/^[a-z0-9]{3,24}$/);
  });
});

describe('what only one of them has', () => {
  it('purge protection and a public certificate are prod’s', async () => {
    const [dev, prod] = [await planOf('dev'), await planOf('prod')];
    expect(one(prod, 'keyvault:Vault').inputs.properties.enablePurgeProtection).toBe(true);
    expect(one(dev, 'keyvault:Vault').inputs.properties).not.toHaveProperty('enablePurgeProtection');
    expect(prod.filter(({ type }) => type.startsWith('tls:'))).toEqual([]);
    expect(one(prod, 'web:WebAppApplicationSettings').inputs.properties).not.toHaveProperty('MQTT_BROKER_CA');
    expect(dev.find(({ name }) => name === 'private-ca-certificate')?.options.protect).toBe(true);
  });
});

it.each(['dev', 'test', 'sandbox', 'staging', 'devel'])(
  '%s has purge protection if the policy may ask for it',
  async (as) => {
    const plan = await planOf('dev', undefined, as);
    const vault = one(plan, 'keyvault:Vault');
    expect(vault.inputs.properties.enablePurgeProtection === true).toBe(isProduction(vault.urn, {}));
  },
);

describe('the broker’s name, where there is a domain', () => {
  it('points at the machine past Cloudflare’s proxy, and the machine’s token is for its zone and its address only', async () => {
    const plan = await planOf('prod');
    const record = plan.find(({ type }) => type.startsWith('cloudflare:') && /DnsRecord$/.test(type));
    expect(record?.inputs).toMatchObject({ type: 'A', name: 'mqtt.telemetry.example.com', proxied: false });
    const token = plan.find(({ type }) => type.startsWith('cloudflare:') && /AccountToken$/.test(type));
    const { policies, condition }: Inputs = (token ?? { inputs: {} }).inputs;
    expect(policies).toEqual([
      {
        effect: 'allow',
        permissionGroups: [{ id: '4755a26eedb94da69e1066d98aa820be' }, { id: 'c8fed203ed3043cba015a93ad1616f1f' }],
        resources: '{"com.cloudflare.api.account.zone.0123456789abcdef0123456789abcdef":"*"}',
      },
    ]);
    expect(condition.requestIp.ins).toHaveLength(1);
    const secret = all(plan, 'keyvault:Secret').find(({ name }) => name === 'vault-cloudflare-dns-token');
    expect((secret?.inputs as Inputs)?.properties.value).toBe('[secret]');
    expect((await planOf('dev')).filter(({ type }) => type.startsWith('cloudflare:'))).toEqual([]);
  });
});

describe('a change of configuration', () => {
  it('opens the WebSocket when it is switched on, in both firewalls', async () => {
    const plan = await planOf('dev', (file) => `${file}  mqtt-saas:webSocket: true\n`);
    const ports = one(plan, 'network:NetworkSecurityGroup').inputs.securityRules.map(
      (rule: Inputs) => rule.destinationPortRange,
    );
    expect(ports).toEqual(['22', '8883', '9001', '*']);
    const userData = Buffer.from(one(plan, 'compute:VirtualMachine').inputs.osProfile.customData, 'base64').toString();
    const [archive] = all(plan, 'storage:Blob') as (PlanEntry & { inputs: Inputs })[];
    const bundle = gunzipSync(readFileSync(archive?.inputs.source.path)).toString();
    for (const text of [userData, bundle]) expect(text).toContain('tcp dport 9001 accept');
  });

  it('signs ingest in with the generation that is configured, and keeps the next one’s password ready', async () => {
    const plan = await planOf('dev', (file) =>
      file.concat("  mqtt-saas:ingestGeneration: 2\n  mqtt-saas:ingestGenerationsInForce: '[1,2]'\n"),
    );
    const settings = one(plan, 'web:WebAppApplicationSettings').inputs.properties;
    expect(settings).toMatchObject({
      MQTT_BROKER_USERNAME: 'svc-ingest-2',
      MQTT_BROKER_PASSWORD: expect.stringMatching(/SecretName=svc-ingest-2-password\)$/),
      MQTT_BROKER_PREVIOUS_USERNAME: 'svc-ingest',
      MQTT_BROKER_PREVIOUS_PASSWORD: expect.stringMatching(/^@Microsoft.KeyVault.*SecretName=svc-ingest-password\)$/),
    });
    const secrets = all(plan, 'keyvault:Secret').map(({ inputs }: { inputs: Inputs }) => inputs.secretName as string);
    expect(secrets.filter((name) => name.startsWith('svc-')).sort()).toEqual([
      'svc-ingest-2-password',
      'svc-ingest-3-password',
      'svc-ingest-password',
    ]);
    const [archive] = all(plan, 'storage:Blob') as (PlanEntry & { inputs: Inputs })[];
    const bundle = gunzipSync(readFileSync(archive?.inputs.source.path)).toString();
    expect(bundle).toContain('"svc-ingest-2.password": "svc-ingest-2-password"');
    expect(bundle).toMatch(/user svc-ingest\ntopic read [^\n]+\n\nuser svc-ingest-2\ntopic read/);
  });

  it.each([
    ['ingestGeneration: 2', 'ingestGeneration in Pulumi.dev.yaml 2 is not in force on the broker (1 is); npm run ops'],
    ["ingestGenerationsInForce: '[2]'", 'ingestGeneration in Pulumi.dev.yaml 1 is not in force on the broker (2 is)'],
    ["ingestGenerationsInForce: '[1,2,3]'", 'ingestGenerationsInForce in Pulumi.dev.yaml has more than two'],
  ])('that would cut ingest off is refused: %s', async (line, message) => {
    await expect(planOf('dev', (file) => `${file}  mqtt-saas:${line}\n`)).rejects.toThrow(message);
  });

  it('gives an administrator’s IPv6 address a rule of its own', async () => {
    const plan = await planOf('dev', (file) => file.replace('    - 203.0.113.10/32', "$&\n    - '2001:db8::7/128'"));
    const rules = one(plan, 'network:NetworkSecurityGroup').inputs.securityRules.map((rule: Inputs) => [
      rule.name,
      rule.sourceAddressPrefixes,
    ]);
    expect(rules.slice(0, 2)).toEqual([
      ['allow-ssh-admin', ['203.0.113.10/32']],
      ['allow-ssh-admin-ipv6', ['2001:db8::7/128']],
    ]);
  });

  it('that breaks a guarantee is refused before anything is planned, with a message and nothing else', async () => {
    const open = planOf('dev', (file) => file.replace('203.0.113.10/32', '0.0.0.0/0'));
    const error = (await open.catch((reason: Error) => reason)) as Error;
    expect(error.message).toContain(
      'mqtt-saas:adminCidrs[0] in Pulumi.dev.yaml "0.0.0.0/0" lets the whole internet try SSH',
    );
    expect(error.message).not.toMatch(/\n\s+at /);
  });
});
