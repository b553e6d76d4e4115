import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scratchProject, stackFile } from './fixtures/scratch.ts';
import { readProject, UNREADABLE } from './project.ts';

test('a program file runs in its own folder', () => {
  const root = scratchProject();
  expect(readProject(root, 'dev')).toMatchObject({
    root,
    name: 'preview-fixture',
    stack: 'dev',
    workingFolder: root,
    entryPoint: 'program.ts',
    typescript: false,
  });
});

test('configuration becomes the strings that the runner takes', () => {
  const config = { bare: 8883, 'preview-fixture:on': true, 'azure-native:location': 'westeurope' };
  const root = scratchProject({ 'Pulumi.dev.yaml': stackFile(config) });
  expect(readProject(root, 'dev').config).toMatchObject({
    'preview-fixture:adminCidrs': '["203.0.113.10/32"]',
    'preview-fixture:bare': '8883',
    'preview-fixture:on': 'true',
    'azure-native:location': 'westeurope',
    'preview-fixture:greeting': 'hello',
  });
});

test('encrypted values are secret placeholders, at any depth', () => {
  const nested = { user: 'u', password: { secure: 'v1:x' } };
  const project = readProject(scratchProject({ 'Pulumi.dev.yaml': stackFile({ nested }) }), 'dev');
  expect(project.config['preview-fixture:apiToken']).toBe(UNREADABLE);
  expect(JSON.parse(project.config['preview-fixture:nested']!)).toEqual({ user: 'u', password: UNREADABLE });
  expect(project.secretKeys).toEqual(['preview-fixture:apiToken', 'preview-fixture:nested']);
});

test('an unknown stack is refused with the ones that exist', () => {
  const root = scratchProject({ 'Pulumi.prod.yaml': 'config: {}' });
  expect(() => readProject(root, 'stage')).toThrow(/no stack "stage".*The stacks here are: dev, prod\./s);
});

test.each([
  ['no Pulumi.yaml', join(import.meta.dirname, 'engine'), {}, /Pulumi\.yaml cannot be read.*--cwd/],
  ['another runtime', '', { 'Pulumi.yaml': 'name: x\nruntime: go' }, /runtime is not nodejs/],
  ['no program', '', { 'Pulumi.yaml': 'name: x\nruntime: nodejs\nmain: gone.ts' }, /gone\.ts does not exist/],
  ['broken YAML', '', { 'Pulumi.dev.yaml': 'config: [' }, /Pulumi\.dev\.yaml is not valid YAML/],
] as const)('%s is refused', (_, folder, files, message) => {
  expect(() => readProject(folder || scratchProject(files), 'dev')).toThrow(message);
});
