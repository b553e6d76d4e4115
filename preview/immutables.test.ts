// Compares the table of immutable properties with the installed SDKs.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../bootstrap/root.mjs';
import { deletesFirst, idProperties, knownTypes, refusedProperties, replaces, tabled } from './immutables.ts';
import type { Plan } from './plan.ts';

const SDKS = join(ROOT, 'node_modules/@pulumi');
const SNAPSHOTS = join(ROOT, 'stacks/snapshots');

/** A type's inputs and outputs, from its declaration. */
function declared(type: string) {
  const [sdk = '', module = '', name = ''] = type.split(':');
  const [folder] = module.split('/');
  const file = `${name.charAt(0).toLowerCase()}${name.slice(1)}.d.ts`;
  const text = readFileSync(join(SDKS, sdk, folder === 'index' ? '' : folder!, file), 'utf8');
  const members = (from: string, pattern: RegExp) =>
    Array.from(text.slice(text.indexOf(from)).split('\n}')[0]!.matchAll(pattern), ([, member]) => member!);
  return {
    inputs: members(`interface ${name}Args {`, /^ {4}(\w+)\??: /gm),
    outputs: members(`class ${name} `, /^ {4}readonly (\w+): /gm),
  };
}

test('it has every type of the committed plans', () => {
  const plans = readdirSync(SNAPSHOTS).map((file) => JSON.parse(readFileSync(join(SNAPSHOTS, file), 'utf8')) as Plan);
  const types = plans.flat().filter(({ custom, type }) => custom && type !== 'pulumi:pulumi:Stack');
  expect(types.length).toBeGreaterThan(100);
  expect([...new Set(types.map(({ type }) => type))].filter((type) => !knownTypes.includes(type))).toEqual([]);
});

test.each(knownTypes)('%s: what it names are inputs', (type) => {
  const { inputs } = declared(type);
  // Not every id contains a resource group.
  const named = [...tabled(type), ...refusedProperties(type)].map((path) => path.split('.')[0]!);
  const given = named.filter((name) => !['*', 'resourceGroupName', 'location'].includes(name));
  expect(given.filter((name) => !inputs.includes(name))).toEqual([]);
});

/** Inputs that are in no state and not part of an id. */
const NOT_IN_ID: Record<string, string[]> = {
  'azure-native:storage:Blob': ['source'],
  'azure-native:web:WebApp': ['cloningInfo'],
};
test.each(knownTypes.filter((type) => type.startsWith('azure-native:')))(
  '%s: what is given and never given back is its id',
  (type) => {
    const { inputs, outputs } = declared(type);
    // The id itself is an input of what may stand inside another resource; it is useless here.
    const other = ['id', ...(NOT_IN_ID[type] ?? []), ...idProperties(type)];
    expect(inputs.filter((name) => !outputs.includes(name) && !other.includes(name))).toEqual([]);
  },
);

test.each([
  ['tls:index/locallySignedCert:LocallySignedCert', ['caPrivateKeyPem', 'isCaCertificate', 'setSubjectKeyId'], true],
  ['tls:index/selfSignedCert:SelfSignedCert', ['privateKeyPem', 'setAuthorityKeyId', 'uris', 'maxPathLength'], true],
  ['tls:index/selfSignedCert:SelfSignedCert', ['earlyRenewalHours'], false],
  ['azure-native:storage:StorageAccount', ['accountName', 'resourceGroupName', 'location', 'isHnsEnabled'], true],
  ['azure-native:storage:StorageAccount', ['sku', 'tags', 'kind'], false],
  ['command:local:Command', ['create', 'environment'], false],
  ['other:index:Thing', ['name'], false],
])('%s: %j', (type, properties, expected) => {
  const options = {};
  expect(properties.map((name) => replaces({ type, options }, [name]))).toEqual(properties.map(() => expected));
});

test.each([
  ['azure-native:keyvault:Vault', { vaultName: 'v' }, true],
  ['azure-native:keyvault:Vault', {}, false],
  ['azure-native:authorization:RoleAssignment', { scope: '/s' }, false],
  ['random:index/randomPassword:RandomPassword', { length: 8 }, false],
])('%s with %j goes before the new one: %s', (type, inputs, expected) => {
  expect(deletesFirst(type, inputs)).toBe(expected);
});
