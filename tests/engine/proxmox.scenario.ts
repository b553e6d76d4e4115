// The Proxmox profile on the genuine engine: previewed and deployed with the policy pack; what changes a machine that exists, and what
// must not.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changesOf, operationsOf } from './events.ts';
import { EngineStack } from './stack.ts';

const PROJECT = 'stacks/profiles/proxmox';
const open = () => EngineStack.open({ stack: 'example', project: PROJECT });

describe('the profile', () => {
  let stack: EngineStack;
  beforeAll(async () => {
    stack = await open();
  });
  afterAll(() => stack?.close());

  it('is previewed as the offline preview plans it, and no policy objects', async () => {
    const preview = await stack.preview({ pack: true });
    expect(preview.findings).toEqual([]);
    expect(preview.status, preview.output).toBe(0);
    const urns = [...operationsOf(preview).keys()].filter((urn) => !urn.includes('::pulumi:providers:'));
    expect(urns.sort()).toEqual((await stack.plan()).map(({ urn }) => urn));
  });

  it('is deployed, does not wait for the agent, and has nothing to change then', async () => {
    const up = await stack.up({ pack: true });
    expect(up.findings).toEqual([]);
    expect(up.status, up.output).toBe(0);
    expect(changesOf(await stack.preview())).toEqual([]);
    const machine = stack.cloud.find('proxmoxve:index/vmLegacy:VmLegacy');
    expect(machine.outputs.agent).toEqual({ enabled: true, waitForIp: { disabled: true } });
  });

  it('leaves a machine alone when the first boot or the image is another one', async () => {
    stack.change('../../../provisioning/compose/host/first-boot.sh', 'set -eu', 'set -eu # newer');
    stack.configure((file) => file.replace('debian-13-generic', 'debian-13-newer'));
    expect(changesOf(await stack.preview())).toEqual([]);
  });

  it('opens the firewall for another administrator in place', async () => {
    stack.configure((file) => file.replace('198.51.100.10/32', '198.51.100.11/32'));
    expect(changesOf(await stack.preview())).toEqual([['host-openings', 'update']]);
  });

  it('refuses another SSH port: the machine would have to be another one, and it is protected', async () => {
    // The CLI has written the file again, with numbers as texts.
    stack.configure((file) => file.replace(/sshPort: "?2222/, (found) => found.replace('2222', '2223')));
    const preview = await stack.preview();
    expect(preview.status).not.toBe(0);
    expect(preview.output).toMatch(/host-vm.*protect/s);
  });
});

it.each([
  ['without the firewall of the device', 'firewall: true }]', 'firewall: false }]', 'proxmox-firewall'],
  [
    'without the firewall of the machine',
    'enabled: true, inputPolicy',
    'enabled: false, inputPolicy',
    'proxmox-firewall',
  ],
])('%s a policy objects', async (_, from, to, policy) => {
  const stack = await open();
  try {
    stack.change('../../../components/proxmox-machine.ts', from, to);
    const preview = await stack.preview({ pack: true });
    expect(preview.findings.map(({ policy: name }) => name)).toContain(policy);
    expect(preview.status).not.toBe(0);
  } finally {
    stack.close();
  }
});
