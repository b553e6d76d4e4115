// The committed stacks, planned with the genuine SDK instead of a mock: what would be deployed.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../bootstrap/root.mjs';
import { KEPT_DAYS } from '../ops/backup/kept.ts';
import type { Plan } from '../preview/plan.ts';
import { packFunctions } from '../provisioning/functions/package.ts';
import { all, bundleOf, type Inputs, named, nameOfUrn, one, planOf, previewOf, userDataOf } from './testing/plan.ts';
import { renderReplacementDoc } from './testing/replacement.ts';

/** Azure supports no tags on these. */
const UNTAGGABLE =
  /RoleAssignment|FederatedIdentityCredential|Subnet$|Blob$|BlobContainer|BlobServiceProperties|ManagementPolicy|DiagnosticSetting|Budget|WebApp(ApplicationSettings|FtpAllowed|ScmAllowed)/;

describe.each(['dev', 'prod'])('%s', (stack) => {
  let plan: Plan;
  beforeAll(async () => {
    plan = await planOf(stack);
  });

  it('is made without a warning or any output of the program', async () => {
    const { log, programOutput } = await previewOf(stack);
    expect({ log, programOutput }).toEqual({ log: [], programOutput: '' });
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
    // Alerts only watch it, by an id that stays the same; its right to itself goes before it and comes after it.
    const onMachine = plan.filter(
      ({ name, dependencies }) => dependencies.includes(machine.urn) && !/^(alerts|machine-access)-/.test(name),
    );
    expect(onMachine.map(({ name }) => name)).toEqual(['broker-configuration-apply', 'broker-configuration-in-force']);
    for (const { options } of onMachine) expect(options.deletedWith).toBe(machine.urn);
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

  it('holds no secret in plain text, and none in the machine’s user data', () => {
    const userData = userDataOf(plan);
    expect(userData).toMatch(/^#cloud-config\n/);
    for (const text of [userData, JSON.stringify(plan)]) {
      expect(text).not.toMatch(/PRIVATE KEY|\$7\$\d|eyJ[\w-]+\.|AccountKey=|:\/\/[^/\s:"]+:[^/\s"]+@/);
    }
    const values = all(plan, 'keyvault:Secret').map(({ inputs }) => [inputs.secretName, inputs.properties.value]);
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
    // Flex Consumption refuses or ignores these: functionAppConfig has them.
    for (const name of ['FUNCTIONS_WORKER_RUNTIME', 'WEBSITE_RUN_FROM_PACKAGE', 'AzureWebJobsStorage']) {
      expect(settings).not.toHaveProperty(name);
    }
  });

  it('uploads the broker’s configuration, has the machine apply it, and only then lets machines boot with it', () => {
    const [archive, pointer, copy] = all(plan, 'storage:Blob');
    const apply = one(plan, 'compute:VirtualMachineRunCommandByVirtualMachine');
    const [, hash] = /^([0-9a-f]{64})\.tgz$/.exec(archive?.inputs.blobName) ?? [];
    const path = archive?.inputs.source.path;
    expect(createHash('sha256').update(readFileSync(path)).digest('hex')).toBe(hash);
    expect(apply.inputs).toMatchObject({ asyncExecution: false, treatFailureAsDeploymentFailure: true });
    expect(apply.inputs.source.script).toContain(`/broker-bundles ${hash} `);
    expect(apply.dependencies).toContain(archive?.urn);
    // Another bundle is another resource: a replaced one would be deleted before the machine has the next one.
    expect(archive?.name).toBe(`broker-configuration-bundle-${hash?.slice(0, 12)}`);
    expect(pointer?.inputs).toMatchObject({ blobName: 'current', source: { text: `${hash}\n` } });
    // The machine's own words decide, not the run command's end.
    const inForce = named(plan, 'broker-configuration-in-force');
    expect(inForce.dependencies).toContain(apply.urn);
    expect(inForce.inputs.environment).toEqual({ BROKER_BUNDLE: hash });
    expect(inForce.inputs.create).toBe(
      `npm run --silent ops -- deploy configuration --subscription 00000000-0000-0000-0000-000000000000 --resource-group rg-mqtt-saas-${stack} --machine vm-mqtt-saas-${stack} --run-command broker-apply`,
    );
    expect(copy?.dependencies).toContain(inForce.urn);
    expect(copy?.inputs).toEqual({ ...pointer?.inputs, blobName: 'current-copy' });
    // The copy first: an older stack has none, and its pointer must not be deleted while there is no other.
    expect(pointer?.dependencies).toContain(copy?.urn);
    for (const each of [pointer, copy]) expect(each?.options.deleteBeforeReplace).toBe(true);
    for (const text of [bundleOf(plan), JSON.stringify([apply, pointer])]) {
      expect(text).not.toMatch(
        /BEGIN [A-Z ]*PRIVATE KEY|\$7\$\d{2,}\$|eyJ[\w-]+\.|AccountKey=|:\/\/[^/\s:"]+:[^/\s"{]+@/,
      );
    }
  });

  it('deploys the built functions once for each id, when the app is ready', () => {
    const command = named(plan, 'function-deployment-package');
    const { create, environment, logging } = command.inputs;
    const app = one(plan, 'web:WebApp');
    expect(create).toBe(
      `npm run --silent ops -- deploy functions --subscription 00000000-0000-0000-0000-000000000000 --resource-group rg-mqtt-saas-${stack} --app ${app.inputs.name}`,
    );
    expect(logging).toBe('none');
    const path = environment.FUNCTIONS_PACKAGE;
    const [, id] = /^dist\/deployments\/([0-9a-f]{64})\.zip$/.exec(path) ?? [];
    const { id: built, archive } = packFunctions(join(ROOT, 'dist/functions'));
    expect(built).toBe(id);
    expect(readFileSync(join(ROOT, path)).equals(archive)).toBe(true);
    expect(command.dependencies.map(nameOfUrn)).toEqual(
      expect.arrayContaining(['functions-app', 'functions-settings']),
    );
    expect(command.options.replaceWith).toEqual([app.urn]);
  });

  it('fits Azure’s limits for names', () => {
    const vault = one(plan, 'keyvault:Vault').inputs.vaultName;
    expect(vault).toMatch(/^[a-z](?!.*--)[a-z0-9-]{1,22}[a-z0-9]$/);
    const accounts = all(plan, 'storage:StorageAccount').map(({ inputs }) => inputs.accountName);
    expect(new Set(accounts).size).toBe(stack === 'prod' ? 4 : 2);
    for (const name of accounts) expect(name).toMatch(/^[a-z0-9]{3,24}$/);
  });
});

it('removes nothing without a reason in docs/replacement.md', async () => {
  const page = renderReplacementDoc([await planOf('dev'), await planOf('prod')]);
  await expect(page).toMatchFileSnapshot('../docs/replacement.md');
});

describe('the difference between the stacks', () => {
  it('purge protection and a public certificate: prod only', async () => {
    const [dev, prod] = [await planOf('dev'), await planOf('prod')];
    expect(one(prod, 'keyvault:Vault').inputs.properties.enablePurgeProtection).toBe(true);
    expect(one(dev, 'keyvault:Vault').inputs.properties).not.toHaveProperty('enablePurgeProtection');
    expect(prod.filter(({ type }) => type.startsWith('tls:'))).toEqual([]);
    expect(one(prod, 'web:WebAppApplicationSettings').inputs.properties).not.toHaveProperty('MQTT_BROKER_CA');
    expect(dev.find(({ name }) => name === 'private-ca-certificate')?.options.protect).toBe(true);
  });

  it('prod: nobody can delete a backup as long as it is kept', async () => {
    // Longer, and the nightly run could not remove what is due.
    expect(one(await planOf('prod'), 'storage:BlobContainerImmutabilityPolicy').inputs).toMatchObject({
      immutabilityPeriodSinceCreationInDays: KEPT_DAYS,
    });
  });
});

describe('the broker’s name, where there is a domain', () => {
  it('points directly at the machine, past Cloudflare’s proxy, and the machine’s token is for its zone and its address only', async () => {
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
    expect(secret?.inputs.properties.value).toBe('[secret]');
    expect((await planOf('dev')).filter(({ type }) => type.startsWith('cloudflare:'))).toEqual([]);
  });
});
