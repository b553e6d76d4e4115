// What a phase sets or takes away: the account says so, with the reason and the way back, and what comes along with it is right.
import { expect, test } from 'vitest';
import type { Violation } from '../../preview/policy/violation.ts';
import { attachedForLife } from './beside.ts';
import { at, items, type Json } from './json.ts';
import { lockedOut, namesOf, phases } from './phases.ts';
import type { AdoptionPlan } from './plan.ts';
import { readRecording } from './recording.ts';
import { adopted, type Change, id, nicOf, said, sent } from './testing/case.ts';
import { BASE, baseFiles, type Files, GROUP_ID } from './testing/recordings.ts';
import { phaseOf } from './today.ts';

/** Changed: as recorded before its phase, then otherwise, with the reason and the way back. */
test.each<
  [what: string, change: Change, resource: string, path: string, outcome: string, phase: number, then: Json | undefined]
>([
  [
    'an address that Azure may change',
    (f) => (f['public-ip'].publicIPAllocationMethod = 'Dynamic'),
    'network-address',
    'publicIPAllocationMethod',
    'set',
    1,
    'Static',
  ],
  [
    'an address that is deleted with the machine',
    (f) => (nicOf(f).publicIPAddress.deleteOption = 'Delete'),
    'network-nic',
    'ipConfigurations.0.publicIPAddress.deleteOption',
    'set',
    1,
    'Detach',
  ],
  [
    'the same, said of the address',
    (f) => (f['public-ip'].deleteOption = 'Delete'),
    'network-address',
    'deleteOption',
    'set',
    1,
    'Detach',
  ],
  [
    'an interface that forwards',
    (f) => (f.nic.enableIPForwarding = true),
    'network-nic',
    'enableIPForwarding',
    'set',
    2,
    false,
  ],
  [
    'the way out of a subnet',
    (f) => (f.vnet.subnets[0].defaultOutboundAccess = true),
    'network-subnet',
    'defaultOutboundAccess',
    'set',
    1,
    false,
  ],
  [
    "a tag that is the platform's too",
    (f) => (f.group.tags = { Owner: 'somebody' }),
    'group',
    'tags.Owner',
    'set',
    1,
    'platform@example.com',
  ],
  [
    'another administrator',
    (f) => (f.vm.osProfile.adminUsername = 'bob'),
    'broker-vm',
    'osProfile.adminUsername',
    'set',
    2,
    'azureuser',
  ],
  [
    'disks with data',
    (f) =>
      f.vm.storageProfile.dataDisks.push({
        lun: 3,
        name: 'data',
        createOption: 'Attach',
        deleteOption: 'Delete',
        managedDisk: { id: id('Microsoft.Compute/disks', 'data') },
      }),
    'broker-vm',
    'storageProfile.dataDisks',
    'taken away',
    2,
    undefined,
  ],
  [
    'boot logs in an account',
    (f) => (f.vm.diagnosticsProfile.bootDiagnostics.storageUri = 'https://stzeroclaw7f3a.blob.core.windows.net/'),
    'broker-vm',
    'diagnosticsProfile.bootDiagnostics.storageUri',
    'taken away',
    2,
    undefined,
  ],
  ['a licence', (f) => (f.vm.licenseType = 'RHEL_BYOS'), 'broker-vm', 'licenseType', 'taken away', 2, undefined],
  [
    'a plan of the marketplace',
    (f) => (f.vm.plan = { name: 'p', product: 'x', publisher: 'y' }),
    'broker-vm',
    'plan',
    'taken away',
    2,
    undefined,
  ],
  ['an account that takes keys', () => {}, 'storage-account', 'allowSharedKeyAccess', 'set', 3, false],
  [
    "SFTP's users",
    (f) => (f.storage[0].isLocalUserEnabled = true),
    'storage-account',
    'isLocalUserEnabled',
    'set',
    3,
    false,
  ],
])('%s: said, with the way back', (_, change, resource, path, outcome, phase, then) => {
  const plan = adopted(change);
  const { recorded } = plan.adoption.resources[resource]!;
  const found = (in_: number) => at(sent(plan, resource, in_), ...path.split('.'));
  expect(said(plan, resource, path)).toMatchObject({ outcome, phase, why: /\w/, back: `phase ${phase - 1}` });
  if (path.startsWith('tags'))
    expect(Object.keys(at(sent(plan, resource, phase), 'tags') as object)).not.toContain('Owner');
  if (then !== undefined) expect(found(phase)).toEqual(then);
  else if (path !== 'storageProfile.dataDisks') expect(found(phase)).toBeUndefined();
  // The machine comes back around its disks; what else it was given with the disks belongs to the image.
  if (!path.startsWith('osProfile') && path !== 'storageProfile.dataDisks')
    expect(found(phase - 1)).toEqual(at(recorded as Json, ...path.split('.')));
});

/** The new machine is the platform's: what was recorded otherwise is set or ends with the old one, and the account says so. */
test.each<[path: string, change: Change, then: Json | undefined]>([
  ['identity.type', (f) => (f.vm.identity = { type: 'None' }), 'UserAssigned'],
  ['securityProfile.securityType', (f) => (f.vm.securityProfile = { securityType: 'Standard' }), 'TrustedLaunch'],
  [
    'securityProfile.uefiSettings.secureBootEnabled',
    (f) => (f.vm.securityProfile = { uefiSettings: { secureBootEnabled: false } }),
    true,
  ],
  ['securityProfile.encryptionAtHost', (f) => (f.vm.securityProfile = { encryptionAtHost: false }), true],
  ['osProfile.linuxConfiguration.disablePasswordAuthentication', () => {}, true],
  [
    'osProfile.linuxConfiguration.ssh.publicKeys.1.keyData',
    (f) => {
      const key = (keyData: string) => ({ keyData, path: '/home/bob/.ssh/authorized_keys' });
      f.vm.osProfile.linuxConfiguration.ssh = { publicKeys: [key('ssh-ed25519 A'), key('ssh-ed25519 B')] };
    },
    undefined,
  ],
  [
    'osProfile.linuxConfiguration.provisionVMAgent',
    (f) => (f.vm.osProfile.linuxConfiguration.provisionVMAgent = false),
    true,
  ],
  ['osProfile.allowExtensionOperations', (f) => (f.vm.osProfile.allowExtensionOperations = false), true],
  [
    'osProfile.secrets.0.sourceVault.id',
    (f) => (f.vm.osProfile.secrets = [{ sourceVault: { id: id('Microsoft.KeyVault/vaults', 'v') } }]),
    undefined,
  ],
  [
    'storageProfile.imageReference.offer',
    (f) => (f.vm.storageProfile.imageReference.offer = '0001-com-ubuntu-server-jammy'),
    'ubuntu-24_04-lts',
  ],
  ['storageProfile.diskControllerType', (f) => (f.vm.storageProfile.diskControllerType = 'NVMe'), undefined],
  ['storageProfile.osDisk.caching', (f) => (f.vm.storageProfile.osDisk.caching = 'None'), 'ReadWrite'],
  [
    'networkProfile.networkInterfaces.0.deleteOption',
    (f) => (f.vm.networkProfile.networkInterfaces[0].deleteOption = 'Delete'),
    'Detach',
  ],
  ['networkProfile.networkApiVersion', (f) => (f.vm.networkProfile.networkApiVersion = '2020-11-01'), undefined],
  [
    'diagnosticsProfile.bootDiagnostics.enabled',
    (f) => (f.vm.diagnosticsProfile.bootDiagnostics.enabled = false),
    true,
  ],
  [
    'applicationProfile.galleryApplications.0.packageReferenceId',
    (f) => (f.vm.applicationProfile = { galleryApplications: [{ packageReferenceId: '/app' }] }),
    undefined,
  ],
])('the new machine has the platform’s %s', (path, change, then) => {
  const plan = adopted(change);
  const told = plan.changes.filter(
    ({ resource, member }) => resource === 'broker-vm' && `${path}.`.startsWith(`${member}.`),
  );
  expect(told).toMatchObject([{ phase: 2, back: 'phase 1', ...(then !== undefined && { outcome: 'set' }) }]);
  expect(at(sent(plan, 'broker-vm', 2), ...path.split('.'))).toEqual(then);
});

test('the old app’s own identity ends with the app, and the report says so', () => {
  const plan = adopted((f) => (f.functionapp.identity = { type: 'SystemAssigned', principalId: 'p' }));
  expect(plan.changes).toContainEqual(
    expect.objectContaining({ resource: 'before-function-app', phase: 4, member: 'identity', outcome: 'taken away' }),
  );
});

test('a group in another region stays there: Azure would make another one', () => {
  const plan = adopted((f) => (f.group.location = 'West Europe'), { accepted: ['group.location'] });
  for (let phase = 0; phase <= 4; phase += 1)
    expect(sent(plan, 'group', phase)).toMatchObject({ location: 'westeurope' });
});

test('what an interface keeps until the cut-over is excused until then', () => {
  const { adoption } = adopted((f) => (f.nic.enableIPForwarding = true));
  const urn = 'urn:pulumi:dev::mqtt-saas::mqtt-saas:index:Network$azure-native:network:NetworkInterface::network-nic';
  const of = (policy: string) =>
    phaseOf({ urn, policy, message: '"network-nic" …', level: 'mandatory' } as Violation, adoption);
  expect([of('network-no-ip-forwarding'), of('governance-required-tags')]).toEqual([2, 1]);
});

test('whatever is deleted with the machine is detached before the cut-over, and stays so on the way back', () => {
  const change: Change = (f) => {
    f.vm.networkProfile.networkInterfaces[0].deleteOption = 'Delete';
    const disk = (lun: number) => ({
      lun,
      createOption: 'Attach',
      managedDisk: { id: id('Microsoft.Compute/disks', `d${lun}`) },
    });
    f.vm.storageProfile.dataDisks = [
      { ...disk(0), deleteOption: 'Detach' },
      { ...disk(1), deleteOption: 'Delete' },
    ];
  };
  const plan = adopted(change);
  const files = baseFiles();
  change(files);
  expect(attachedForLife(files.vm)).toEqual([
    'properties.storageProfile.osDisk.deleteOption=Detach',
    'properties.storageProfile.dataDisks[1].deleteOption=Detach',
    'properties.networkProfile.networkInterfaces[0].properties.deleteOption=Detach',
  ]);
  const back = JSON.stringify(sent(plan, 'broker-vm', 1));
  expect(back).not.toContain('"Delete"');
  expect(back.match(/"createOption":"Attach"/g)).toHaveLength(3);
  expect(back).toContain('disks/d1');
});

test('of several tags that are the platform’s too each is told', () => {
  const plan = adopted((f) => (f.group.tags = { Owner: 'somebody', environment: 'old', wbs: 'X-17' }));
  const fates = ['Owner', 'environment', 'wbs'].map((name) => said(plan, 'group', `tags.${name}`)?.outcome);
  expect(fates).toEqual(['set', 'set', 'kept']);
});

test('a size somebody chose is taken, and a recorded one that the platform knows', () => {
  const odd: Change = (f) => (f.vm.hardwareProfile.vmSize = 'Standard_D2s_v3');
  expect(said(adopted(odd, { vmSize: 'Standard_B2s_v2' }), 'broker-vm', 'hardwareProfile.vmSize')).toMatchObject({
    outcome: 'set',
    recorded: 'Standard_D2s_v3',
    to: 'Standard_B2s_v2',
  });
  expect(adopted((f) => (f.vm.hardwareProfile.vmSize = 'standard_b2s')).config.vmSize).toBe('Standard_B2s');
});

test('a size in other letters is the same one', () => {
  const plan = adopted((f) => (f.vm.hardwareProfile.vmSize = 'STANDARD_B2ATS_V2'));
  expect(plan.config.vmSize).toBe('Standard_B2ats_v2');
  expect(said(plan, 'broker-vm', 'hardwareProfile.vmSize')).toMatchObject({ outcome: 'kept' });
});

test('what may not go with another size is refused by name, and stays with the one it has', () => {
  const host = { id: id('Microsoft.Compute/hostGroups', 'g/hosts/h') };
  const change: Change = (f) => {
    f.vm.hardwareProfile.vmSize = 'Standard_D2s_v3';
    f.nic.enableAcceleratedNetworking = true;
    f.vm.host = host;
  };
  expect(() => adopted(change, { vmSize: 'Standard_B2s' })).toThrow(
    /--accept network-nic.enableAcceleratedNetworking --accept broker-vm.host$/,
  );
  expect(() => adopted(change, { vmSize: 'Standard_B2s_v2' })).toThrow(/: --accept broker-vm.host$/);
});

test('a machine in a zone gets its disk in that zone, and devices keep the name they know', () => {
  const plan = adopted((f) => {
    f.vm.zones = ['2'];
    f['public-ip'].dnsSettings = { domainNameLabel: 'plant-7' };
  });
  expect(plan.adoption.placed).toEqual({ 'broker-data': { zones: ['2'] } });
  expect(plan.adoption.names.dns).toBe('plant-7');
});

test('other identities of the machine stay beside the platform’s', () => {
  const other = id('Microsoft.ManagedIdentity/userAssignedIdentities', 'other');
  const plan = adopted(
    (f) => (f.vm.identity = { type: 'UserAssigned', userAssignedIdentities: { [other]: { clientId: 'c' } } }),
  );
  const identity = at(sent(plan, 'broker-vm', 2), 'identity');
  expect(identity).toMatchObject({ type: 'UserAssigned', userAssignedIdentities: [expect.any(String), other] });
});

test('what is a resource of its own is not sent inline: the provider keeps what it finds', () => {
  const plan = adopted((f) => {
    f.vnet.virtualNetworkPeerings = [
      { name: 'hub', id: `${f.vnet.id}/virtualNetworkPeerings/hub`, allowForwardedTraffic: true },
    ];
  });
  for (let phase = 0; phase <= 4; phase += 1) {
    expect(Object.keys(sent(plan, 'network-vnet', phase) as object)).not.toContain('virtualNetworkPeerings');
    expect(Object.keys(sent(plan, 'network-vnet', phase) as object)).not.toContain('subnets');
  }
});

test('a group whose name az prints in capitals is one group', () => {
  const plan = adopted(() => {});
  const ids = [...Object.values(plan.adoption.resources), ...Object.values(plan.adoption.left)].map((each) => each.id);
  expect(ids.filter((each) => !`${each}/`.startsWith(`${GROUP_ID}/`))).toEqual([]);
});

test('an extension that the group lists counts as one of the machine, and the one that sets a key does not', () => {
  const listed = (f: Files) => ({
    id: `${f.vm.id}/extensions/AADSSHLoginForLinux`,
    name: 'zeroclaw-b1s/AADSSHLoginForLinux',
    type: 'Microsoft.Compute/virtualMachines/extensions',
  });
  expect(() => adopted((f) => f.resources.push(listed(f)))).toThrow('broker-vm.extensions (["AADSSHLoginForLinux"])');
  adopted((f) => (f.vm.resources = [{ name: 'enablevmaccess', typePropertiesType: 'VMAccessForLinux' }]));
  // It ends with the machine, so it is not among what stays as it is.
  expect(adopted((f) => f.resources.push(listed(f)), { accepted: ['broker-vm.extensions'] }).untouched).toEqual([]);
});

test('no secret of the machine gets into the stack file', () => {
  const secret = 'c2VjcmV0';
  const plan = adopted(
    (f) => {
      f.vm.userData = secret;
      Object.assign(f.vm.osProfile, { customData: secret, adminPassword: secret });
    },
    { accepted: ['broker-vm.userData'] },
  );
  expect(JSON.stringify(plan)).not.toContain(secret);
});

test('a number that was printed as text is that number, and a port that is a number is text', () => {
  const plan = adopted((f) => {
    for (const rule of f.nsg.securityRules) Object.assign(rule, { priority: String(rule.priority) });
    f.nsg.securityRules[1].destinationPortRange = Number(f.nsg.securityRules[1].destinationPortRange);
  });
  expect({ rules: plan.adoption.graceRules, changes: plan.changes }).toEqual({
    rules: adopted(() => {}).adoption.graceRules,
    changes: adopted(() => {}).changes,
  });
});

test('a plan that another app may be on is let go, and the report does not say that it is deleted', () => {
  const other = (f: Files) => ({ ...f.functionapp, id: `${f.functionapp.id}-2`, name: `${f.functionapp.name}-2` });
  const plan = adopted((f) => {
    f.plan.numberOfSites = null;
    f.resources.push({ ...other(f), type: 'Microsoft.Web/sites' });
  });
  expect(plan.adoption.left['before-plan']?.retained).toBe(true);
  const names = namesOf(readRecording(BASE), 'dev');
  const last = ({ adoption }: AdoptionPlan) => phases(names, adoption)[4]?.steps[0]?.text;
  expect(last(plan)).toContain('The app is deleted; its plan leaves the stack');
  expect(last(adopted(() => {}))).toContain('App and plan are deleted');
});

test('a rule that is made for a while takes no recorded one’s place: Azure would write over it', () => {
  const recorded = readRecording(BASE);
  const rules = items(at(recorded.securityGroup, 'securityRules'));
  const taken = ['Me', 'me-2', 'PAUSE', 'pause-but-ingest'].map((name) => ({ ...(rules[0] as object), name }));
  const names = namesOf(
    { ...recorded, securityGroup: { ...(recorded.securityGroup as object), securityRules: taken } },
    'dev',
    'persistent',
  );
  const { adoption } = adopted(() => {});
  const steps = [...phases(names, adoption).flatMap((phase) => phase.steps), ...lockedOut(names)];
  const made = steps
    .flatMap(({ commands = [] }) => commands)
    .flatMap((line) => / rule create .*? -n (\S+)/.exec(line)?.[1] ?? []);
  expect(made).toEqual(['pause-but-ingest-2', 'pause-2', 'me-3']);
});

test('before the cut-over somebody looks at every port that closes then', () => {
  const recorded = readRecording(BASE);
  const looked = (broker: string[]) =>
    phases(namesOf({ ...recorded, broker }, 'dev'), adopted(() => {}).adoption)[2]?.steps[0]?.commands?.join();
  expect(looked(recorded.broker)).toContain('( sport = :1883 or sport = :9001 )');
  expect(looked(['listener 1884', 'listener 8883'])).toContain('( sport = :1884 )');
});
