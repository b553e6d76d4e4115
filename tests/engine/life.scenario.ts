// What happens to a deployed stack beside changes: it is interrupted, drifts, and is removed.
import { afterEach, describe, expect, it } from 'vitest';
import { openDeployed } from './deployed.ts';
import { changesOf } from './events.ts';
import type { EngineStack } from './stack.ts';

let stack: EngineStack;
afterEach(() => stack.close());

const MACHINE = 'azure-native:compute:VirtualMachine';
const GROUP = 'azure-native:network:NetworkSecurityGroup';
const rename = (name: string) => (file: string) => file.replace(/(:nameSuffix: ).*/, `$1${name}`);

describe('a deployment that is interrupted', () => {
  const changeTags = () => stack.configure((file) => file.replace(/(:costCenter: ).*/, '$1iot-9999'));

  it('by a person goes on where it was, and the next one does the rest', async () => {
    stack = await openDeployed('dev');
    changeTags();
    stack.cloud.onCall = ({ method, urn }) => {
      if (method === 'update' && urn.endsWith('::network-vnet')) stack.interrupt();
    };
    const first = await stack.up();
    expect(first.status).not.toBe(0);
    stack.cloud.onCall = () => {};
    const second = await stack.up();
    expect(second.status, second.output).toBe(0);
    const [before, after] = [changesOf(first).length, changesOf(second).length];
    expect(after).toBeGreaterThan(0);
    expect(before).toBeGreaterThan(0);
    expect(changesOf(await stack.preview())).toEqual([]);
  });

  it('by Azure is finished by the next one', async () => {
    stack = await openDeployed('dev');
    changeTags();
    stack.cloud.faults.push({ method: 'update', urn: '::network-nsg', message: 'Code="InternalServerError"' });
    const first = await stack.up();
    expect(first.status).not.toBe(0);
    expect(first.failed.map(({ urn }) => urn.split('::').at(-1))).toEqual(['network-nsg']);
    stack.cloud.faults.pop();
    const second = await stack.up();
    expect(second.status, second.output).toBe(0);
    expect(changesOf(second)).toContainEqual(['network-nsg', 'update']);
    expect(changesOf(await stack.preview())).toEqual([]);
  });
});

describe('drift', () => {
  const look = () => stack.preview({ args: ['--refresh', '--expect-no-changes'] });

  it('there is none after a deployment', async () => {
    stack = await openDeployed('prod');
    const seen = await look();
    expect(seen.status, seen.output).toBe(0);
  });

  it('is what somebody changed by hand, and a deployment takes it back', async () => {
    stack = await openDeployed('dev');
    const machine = stack.cloud.find(MACHINE).outputs as { hardwareProfile: { vmSize: string } };
    machine.hardwareProfile.vmSize = 'Standard_D64s_v5';
    const group = stack.cloud.find(GROUP).outputs as { securityRules: { name: string; access: string }[] };
    group.securityRules.find(({ name }) => name === 'deny-all-inbound')!.access = 'Allow';
    stack.cloud.remove(stack.cloud.find('azure-native:monitor:MetricAlert', '-cpu').id);
    const seen = await look();
    expect(seen.status).not.toBe(0);
    const drifted = [
      ['alerts-machine-cpu', 'create'],
      ['broker-vm', 'update'],
      ['network-nsg', 'update'],
    ];
    expect(changesOf(seen)).toEqual(expect.arrayContaining(drifted));
    const refreshed = await stack.up({ args: ['--refresh'] });
    expect(refreshed.status, refreshed.output).toBe(0);
    expect(changesOf(refreshed)).toEqual(drifted);
    expect(machineSize()).toBe('Standard_B1s');
    expect((await look()).status).toBe(0);
  });

  const machineSize = () => (stack.cloud.find(MACHINE).outputs.hardwareProfile as { vmSize: string }).vmSize;
});

describe('the end', () => {
  it('does not come by itself: what is protected stops it before anything is deleted', async () => {
    stack = await openDeployed('dev');
    const before = stack.cloud.all().length;
    // Without --skip-preview, which would delete whatever is not protected.
    const said = await stack.pulumi('destroy', '--yes', '--stack', 'dev');
    expect(said.status).not.toBe(0);
    expect(said.output).toMatch(/private-ca-certificate|broker-data/);
    expect(stack.cloud.all()).toHaveLength(before);
  });

  it('comes as docs/upgrade.md says, and leaves nothing', async () => {
    stack = await openDeployed('dev');
    await stack.must('state', 'unprotect', '--all', '--stack', 'dev', '--yes');
    const said = await stack.destroy();
    expect(said.status, said.output).toBe(0);
    expect(stack.cloud.all()).toEqual([]);
    await stack.must('stack', 'rm', 'dev', '--yes');
  });

  it('of one that is to be another is refused as long as there is something to lose', async () => {
    stack = await openDeployed('prod');
    stack.configure(rename('other2'));
    const before = JSON.stringify(stack.cloud.all());
    const said = await stack.pulumi('up', '--yes', '--stack', 'prod');
    expect(said.status).not.toBe(0);
    expect(JSON.stringify(stack.cloud.all())).toBe(before);
  });
});
