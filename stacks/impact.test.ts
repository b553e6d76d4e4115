// What a preview shows of a change: exactly that change, and what it disrupts. Without a change it shows nothing.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../bootstrap/root.mjs';
import { type Diff, diffPlans } from '../preview/diff.ts';
import { disruptionsOf } from '../preview/disruptions.ts';
import { replaces } from '../preview/immutables.ts';
import type { Plan } from '../preview/plan.ts';
import { preview } from '../preview/preview.ts';
import { makeScratchCopy, type ScratchCopy } from '../tests/support/scratch-copy.ts';
import { having, named, planOf } from './testing/plan.ts';
import { sharedPreview } from './testing/shared-preview.ts';

/** What a person sees of a diff: name, operation, properties, effects. */
function seen(diff: Diff): [string, string, string[], ...string[]][] {
  return diff
    .filter(({ operation }) => operation !== 'same')
    .map((change) => {
      const paths = change.changes.map(({ path }) => path.join('.'));
      const stops = change.blockedByProtect ? ['stops the deployment'] : [];
      return [nameOf(change.entry), change.operation, paths, ...disruptionsOf(change), ...stops];
    });
}

const against = (before: Plan, after: Plan) => diffPlans(before, after, { stack: 'dev', project: 'mqtt-saas' });

/** Compares with dev as committed. */
const changed = async (...change: Parameters<typeof planOf>) =>
  seen(against(await planOf('dev'), await planOf(...change)));

/** A changed broker configuration: the bundle is uploaded, the machine applies it, and later boots use it. */
const ANOTHER_BUNDLE = [
  ['broker-configuration-bundle', 'create', []],
  ['broker-configuration-bundle', 'delete', []],
  ['broker-configuration-apply', 'update', ['source.script'], 'runs the script on the machine again'],
  ['broker-configuration-in-force', 'update', ['environment.BROKER_BUNDLE'], 'runs the command'],
  ['broker-configuration-pointer-copy', 'replace', ['source.text']],
  ['broker-configuration-pointer', 'replace', ['source.text']],
];
const isBundle = /^(broker-configuration-bundle)-[0-9a-f]{12}$/;
/** A bundle's name without its hash. */
const nameOf = ({ name }: { name: string }) => isBundle.exec(name)?.[1] ?? name;

describe('a changed line of the stack file', () => {
  it('of a tag changes that tag, on everything that has tags', async () => {
    const rows = await changed('dev', (file) => file.replace(/(:costCenter: ).*/, '$1iot-9999'));
    expect(rows.length).toBeGreaterThan(30);
    for (const [name, ...rest] of rows) expect(rest, name).toEqual(['update', ['tags.costCenter']]);
  });

  it('of the machine’s size changes its size, and restarts it', async () => {
    expect(await changed('dev', having('vmSize: Standard_B2ts_v2'))).toEqual([
      ['broker-vm', 'update', ['hardwareProfile.vmSize'], 'restarts the machine'],
    ]);
  });

  it('of the data disk’s size grows it, and then its file system on the machine', async () => {
    const rows = await changed('dev', having('dataDiskGb: 16'));
    expect(rows).toHaveLength(7);
    expect(rows).toEqual(expect.arrayContaining([['broker-data', 'update', ['diskSizeGB']], ...ANOTHER_BUNDLE]));
    const plan = await planOf('dev', having('dataDiskGb: 16'));
    // The run command depends on the machine, which depends on its disk.
    const [disk, machine, apply] = ['broker-data', 'broker-vm', 'broker-configuration-apply'].map((name) =>
      named(plan, name),
    );
    expect(machine?.dependencies).toContain(disk?.urn);
    expect(apply?.dependencies).toContain(machine?.urn);
  });

  it('of a rule changes both firewalls, and no machine', async () => {
    const rows = await changed('dev', (file) => file.replace('203.0.113.10/32', '203.0.113.11/32'));
    expect(rows).toHaveLength(7);
    expect(rows).toEqual(
      expect.arrayContaining([
        ['network-nsg', 'update', ['securityRules.allow-ssh-admin.sourceAddressPrefixes.0']],
        ...ANOTHER_BUNDLE,
      ]),
    );
  });

  it('of the broker’s configuration changes the bundle', async () => {
    const rows = await changed('dev', having('brokerMaxConnections: 1000'));
    expect(rows).toHaveLength(6);
    expect(rows).toEqual(expect.arrayContaining(ANOTHER_BUNDLE));
  });

  it('of the suffix replaces what is inside the renamed resources, and stops at what is protected', async () => {
    const rows = await changed('dev', (file) => file.replace(/(:nameSuffix: ).*/, '$1other1'));
    const replaced = rows.filter(([, operation]) => operation === 'replace').map(([name]) => name);
    const chains = [
      ['vault-vault', 'vault-broker-tls-key', 'access-broker-reads-broker-tls-key'],
      ['storage-account', 'storage-packages', 'access-functions-own-host-storage', 'diagnostics-storage'],
      ['functions-app', 'functions-settings', 'function-deployment-package'],
      ['private-ca-server-request', 'private-ca-server-certificate'],
    ];
    expect(replaced).toEqual(expect.arrayContaining(chains.flat()));
    const stopping = rows.filter((row) => row.includes('stops the deployment')).map(([name]) => name);
    expect(stopping.sort()).toEqual(['storage-account', 'vault-vault']);
  });
});

describe('a change of the program', () => {
  let copy: ScratchCopy;
  /** Plans the copy in its current state. */
  const plan = async () => (await preview({ stack: 'dev', root: copy.dir, policyPack: false })).plan;
  let before: Plan;
  beforeAll(async () => {
    copy = makeScratchCopy();
    before = (await sharedPreview({ stack: 'dev', root: ROOT, policyPack: false })).plan;
  });
  afterAll(() => copy.remove());

  it('without an effect shows nothing', async () => {
    expect(seen(against(before, await plan()))).toEqual([]);
  });

  it('of the functions deploys their package, and nothing else', async () => {
    copy.change('functions/runtime/retry.ts', /^/, "console.log('another package');\n");
    expect(seen(against(before, await plan()))).toEqual([
      ['function-deployment-package', 'update', ['environment.FUNCTIONS_PACKAGE'], 'runs the command'],
    ]);
    copy.change('functions/runtime/retry.ts', "console.log('another package');\n", '');
  });

  const PRECIOUS = ['Disk', 'PublicIPAddress', 'Vault', 'SelfSignedCert', 'UserAssignedIdentity'];
  const isPrecious = (type: string) => PRECIOUS.includes(type.split(':').at(-1) ?? '');
  it('that renames what holds disk, address and vault keeps them, given an alias; one more component removes nothing', async () => {
    const program = 'stacks/index.ts';
    const was = (name: string) => `{ aliases: [{ name: '${name}' }] }`;
    copy.change(
      'stacks/profiles/machine/endpoint.ts',
      'new Network(NETWORK, { ...config, placement, ingress, standby: config.standbyBroker }',
      `new Network('net', { ...config, placement, ingress, standby: config.standbyBroker }, ${was('network')}`,
    );
    copy.change(
      'stacks/profiles/machine/broker.ts',
      "new BrokerMachine('broker', machineArgs",
      `new BrokerMachine('machine', machineArgs, ${was('broker')}`,
    );
    copy.change(program, "new Vault('vault', {", "new Vault('secrets', {");
    copy.change(program, 'credentials, endpoint),\n}', `credentials, endpoint),\n}, ${was('vault')}`);
    copy.change(program, 'const storage =', "new Identities('more', { placement });\nconst storage =");
    const diff = against(before, await plan());
    const kept = diff.filter(({ entry }) => isPrecious(entry.type) && !/^more/.test(entry.name));
    expect(new Set(kept.map(({ entry }) => entry.type.split(':').at(-1)))).toEqual(new Set(PRECIOUS));
    expect(kept.map(({ entry, operation }) => [entry.name, operation])).toEqual(
      kept.map(({ entry }) => [entry.name, 'same']),
    );
    expect(diff.filter(({ operation }) => operation === 'create').map(({ entry }) => entry.name)).toEqual(
      expect.arrayContaining(['more', 'more-broker', 'more-functions']),
    );
    expect(diff.filter(({ operation }) => operation === 'replace' || operation === 'delete')).toEqual([]);
  });

  it('that renames it without an alias is stopped before the disk is gone', async () => {
    copy.change('stacks/profiles/machine/broker.ts', "machineArgs, { aliases: [{ name: 'broker' }] }", 'machineArgs');
    const rows = seen(against(before, await plan()));
    expect(rows).toContainEqual(['broker-data', 'delete', [], 'stops the deployment']);
    expect(rows).toContainEqual(['machine-data', 'create', []]);
  });
});

it('the machine is rebuilt for what Azure refuses to change on it, and for nothing else', async () => {
  const machine = named(await planOf('dev'), 'broker-vm');
  const isReplaced = (path: string) => replaces(machine, path.split('.'));
  expect(
    [
      'osProfile.computerName',
      'osProfile.adminUsername',
      'osProfile.linuxConfiguration.disablePasswordAuthentication',

      'osProfile.linuxConfiguration.ssh.publicKeys',
      'securityProfile.securityType',
      'securityProfile.encryptionAtHost',

      'securityProfile.uefiSettings.vTpmEnabled',
      'storageProfile.imageReference.sku',
      'storageProfile.imageReference',
      'storageProfile.osDisk.createOption',
      'storageProfile.osDisk.name',
      'storageProfile.osDisk.managedDisk.id',
    ].filter((path) => !isReplaced(path)),
  ).toEqual([]);
  expect(
    [
      'osProfile.allowExtensionOperations',
      'osProfile.linuxConfiguration.patchSettings.patchMode',
      'osProfile.secrets',
      'osProfile.linuxConfiguration.enableVMAgentPlatformUpdates',

      'osProfile.requireGuestProvisionSignal',
      'securityProfile.proxyAgentSettings',
      'storageProfile.osDisk.caching',
      'storageProfile.osDisk.deleteOption',
      'storageProfile.dataDisks',
      'hardwareProfile.vmSize',
    ].filter(isReplaced),
  ).toEqual([]);
});
