// The managed profile on the genuine engine: deployed with the policy pack, unchanged the second time, and gone when it is switched off.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withManaged } from '../../stacks/testing/plan.ts';
import { openDeployed } from './deployed.ts';
import { changesOf, operationsOf } from './events.ts';
import type { EngineStack } from './stack.ts';

let stack: EngineStack;
beforeAll(async () => {
  stack = await openDeployed('dev');
  stack.configure(withManaged);
});
afterAll(() => stack?.close());

it('is previewed and deployed without a finding, and replaces nothing that ran before', async () => {
  const preview = await stack.preview({ pack: true });
  expect(preview.findings).toEqual([]);
  expect(preview.status, preview.output).toBe(0);
  const operations = [...operationsOf(preview).values()];
  expect(operations).toContain('create');
  expect(operations.filter((operation) => operation === 'replace' || operation === 'delete')).toEqual([]);
  const up = await stack.up({ pack: true });
  expect(up.findings).toEqual([]);
  expect(up.status, up.output).toBe(0);
  expect(changesOf(await stack.preview())).toEqual([]);
});

it('names where devices connect, as Azure named it', async () => {
  const said = await stack.must('stack', 'output', 'managedMqttHost', '--stack', stack.stack);
  expect(said.trim()).toBe('evgns-mqtt-saas-dev-ex4mp1.northeurope-1.ts.eventgrid.azure.net');
});

it('cannot be switched off by one value while its hub and what was not delivered are protected', async () => {
  stack.configure((file) => file.replace('mqtt-saas:managed: true', 'mqtt-saas:managed: false'));
  const preview = await stack.preview();
  expect(preview.status).not.toBe(0);
  expect(preview.output).toMatch(/managed-hub-(namespace|hub)|managed-undelivered-account|managed-way-address/);
  expect(preview.output).toContain('protect');
});
