// An environment that runs already, adopted: the stack file as it was written, the four phases deployed one after the other with the
// policy pack and its exceptions, and back.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../../bootstrap/root.mjs';
import { type Adopted, adoptSample } from '../../ops/adopt/testing/sample.ts';
import type { Adoption } from '../../stacks/adoption-plan.ts';
import { changesOf } from './events.ts';
import { EngineStack } from './stack.ts';
import { SUBSCRIPTION } from './standins/azure-ids.ts';
import { shapeOf } from './standins/azure-shapes.ts';
import type { WireObject } from './standins/values.ts';

/** What the resources are that the program has too; the others say it themselves. */
const TYPES: Record<string, string> = {
  group: 'resources:ResourceGroup',
  'network-nsg': 'network:NetworkSecurityGroup',
  'network-vnet': 'network:VirtualNetwork',
  'network-subnet': 'network:Subnet',
  'network-address': 'network:PublicIPAddress',
  'network-nic': 'network:NetworkInterface',
  'broker-vm': 'compute:VirtualMachine',
  'storage-account': 'storage:StorageAccount',
};

let sample: Adopted;
let stack: EngineStack;
beforeAll(async () => {
  sample = adoptSample();
  const written = readFileSync(join(sample.folder, 'Pulumi.dev.yaml'), 'utf8').replaceAll(
    '00000000-1111-2222-3333-444444444444',
    SUBSCRIPTION,
  );
  stack = await EngineStack.open({ stack: 'dev', change: () => written });
  const { resources, left } = parse(written).config['mqtt-saas:adoption'] as Adoption;
  for (const [name, thing] of Object.entries({ ...resources, ...left })) {
    const type = 'type' in thing ? thing.type : `azure-native:${TYPES[name]}`;
    // What Azure knows of an address and a machine, and the provider of everything it reads.
    const known = { ipAddress: '203.0.113.77', dnsSettings: { fqdn: 'old.example.com' }, vmId: 'the old one' };
    const read = { name: thing.id.split('/').at(-1)!, azureApiVersion: shapeOf(type)?.apiVersion ?? '' };
    stack.cloud.put({ id: thing.id, type, outputs: { ...(thing.recorded as WireObject), ...read, ...known } });
  }
});
afterAll(() => {
  stack?.close();
  sample?.remove();
});

function adopt(...words: string[]): void {
  const args = [join(ROOT, 'ops/main.ts'), 'adopt', ...words, '--stack', 'dev', '--cwd', stack.dir];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
}

/**
 * Deploys the phase that the file says.
 * @param pack as docs/adoption.md has it: with the policy pack, and the exceptions of the phase.
 * @returns what the engine did that is no update.
 */
async function deploy(pack = true): Promise<[string, string][]> {
  if (pack) adopt('exceptions');
  const packConfig = pack && JSON.parse(readFileSync(join(stack.dir, 'policies.dev.json'), 'utf8'));
  const up = await stack.up(pack ? { pack, packConfig } : {});
  expect(up.findings.filter(({ level }) => level === 'mandatory')).toEqual([]);
  expect(up.status, up.output).toBe(0);
  const done = changesOf(up).filter(([name]) => name in TYPES || name.startsWith('before-'));
  return done.filter(([, operation]) => operation !== 'update');
}

const machine = () => stack.cloud.find('azure-native:compute:VirtualMachine').outputs as WireObject;
const disk = () => (machine().storageProfile as WireObject).osDisk as WireObject;

it('what runs is imported from the file as it was written, and stays as it is', async () => {
  const done = await deploy();
  expect(done.map(([, operation]) => operation)).toEqual(done.map(() => 'import'));
  expect(done.map(([name]) => name)).toEqual(expect.arrayContaining(Object.keys(TYPES)));
  const imported = done.map(([name]) => name);
  const touched = stack.cloud.calls.filter(({ method }) => method === 'update' || method === 'delete');
  expect(touched.filter(({ urn }) => imported.includes(urn.split('::').at(-1)!))).toEqual([]);
  expect(machine().vmId).toBe('the old one');
});

it('phase 1 replaces nothing', async () => {
  adopt('phase', '1');
  expect(await deploy()).toEqual([]);
});

it('phase 2 replaces the machine, which gets its first boot', async () => {
  adopt('phase', '2');
  expect(await deploy()).toEqual([['broker-vm', 'replace']]);
  expect(disk()).toMatchObject({ createOption: 'FromImage', name: 'disk-mqtt-saas-dev-broker-os' });
  const { deployment } = await stack.exportState();
  const inputs = deployment.resources.find(({ urn }: { urn: string }) => urn.endsWith('::broker-vm')).inputs;
  expect(Buffer.from(inputs.osProfile.customData, 'base64').toString()).toMatch(/^#cloud-config/);
});

it('phase 3 replaces nothing', async () => {
  adopt('phase', '3');
  expect(await deploy()).toEqual([]);
});

it('back from 2 to 1 is another machine, around the old disk: Azure refuses to make it of this one', async () => {
  adopt('phase', '2');
  expect(await deploy(false)).toEqual([]);
  adopt('phase', '1');
  expect(await deploy(false)).toEqual([['broker-vm', 'replace']]);
  expect(disk()).toMatchObject({ createOption: 'Attach', managedDisk: { id: expect.stringContaining('_OsDisk_1_') } });
});

it('and forwards to the end', async () => {
  for (const phase of ['2', '3']) {
    adopt('phase', phase);
    await deploy(false);
  }
  adopt('phase', '4');
  const gone = ['before-function-app', 'before-insights', 'before-os-disk', 'before-plan'];
  expect(await deploy()).toEqual(gone.map((name) => [name, 'delete']));
  // These left the stack, not Azure.
  for (const [type, count] of Object.entries({
    'compute:Disk': 2,
    'applicationinsights:Component': 2,
    'web:WebApp': 1,
  })) {
    expect(
      stack.cloud.all().filter((thing) => thing.type === `azure-native:${type}`),
      type,
    ).toHaveLength(count);
  }
});
