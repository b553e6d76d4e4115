// The way back from an adoption's first phase, as its report says it: what was there before the stack is still there.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { adoptSample } from '../../ops/adopt/testing/sample.ts';
import type { Adoption } from '../../stacks/adoption-plan.ts';
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

let stack: EngineStack;
let report: string;
let ids: string[];
beforeAll(async () => {
  const sample = adoptSample();
  report = sample.report;
  const written = readFileSync(join(sample.folder, 'Pulumi.dev.yaml'), 'utf8').replaceAll(
    '00000000-1111-2222-3333-444444444444',
    SUBSCRIPTION,
  );
  sample.remove();
  stack = await EngineStack.open({ stack: 'dev', change: () => written });
  const { resources, left } = parse(written).config['mqtt-saas:adoption'] as Adoption;
  for (const [name, thing] of Object.entries({ ...resources, ...left })) {
    const type = 'type' in thing ? thing.type : `azure-native:${TYPES[name]}`;
    const known = { ipAddress: '203.0.113.77', dnsSettings: { fqdn: 'old.example.com' }, vmId: 'the old one' };
    const read = { name: thing.id.split('/').at(-1)!, azureApiVersion: shapeOf(type)?.apiVersion ?? '' };
    stack.cloud.put({ id: thing.id, type, outputs: { ...(thing.recorded as WireObject), ...read, ...known } });
  }
  ids = Object.values({ ...resources, ...left }).map(({ id }) => id.toLowerCase());
});
afterAll(() => stack?.close());

const there = () => [...stack.cloud.all()].map(({ id }) => id.toLowerCase());

it('pulumi destroy in phase 0 deletes what the stack made, and nothing that was imported', async () => {
  const up = await stack.up();
  expect(up.status, up.output).toBe(0);
  expect(there().length).toBeGreaterThan(ids.length + 20);
  const back = /^Back: `pulumi (state unprotect [^`]*)`, `pulumi (destroy [^`]*)`/m.exec(report);
  const [, unprotect = '', destroy = ''] = back ?? [];
  for (const command of [unprotect, destroy]) {
    const said = await stack.pulumi(...command.split(' '), '--yes');
    expect(said.status, said.output).toBe(0);
  }
  expect(there().sort()).toEqual(ids.sort());
});
