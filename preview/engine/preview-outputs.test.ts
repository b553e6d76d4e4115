// Outputs of new resources in the offline engine, from the SDK's declarations.
import { expect, test } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import { AzureOutputs } from './preview-outputs.ts';
import { secret, UNKNOWN, type WireObject } from './wire.ts';

const azure = new AzureOutputs(ROOT);
const preview = (type: string, inputs: WireObject) => azure.preview(`azure-native:${type}`, inputs);

test('a property that is not an input is unknown, also inside lists of objects', () => {
  const [rule] = preview('network:NetworkSecurityGroup', { securityRules: [{ name: 'ssh', priority: 100 }] })
    .securityRules as WireObject[];
  expect(rule).toMatchObject({ name: 'ssh', priority: 100, etag: UNKNOWN, sourceAddressPrefix: UNKNOWN });
  expect(preview('network:NetworkSecurityGroup', {})).toMatchObject({ securityRules: UNKNOWN, name: UNKNOWN });
  expect(preview('keyvault:Vault', { properties: { sku: { name: 'standard' } } }).properties).toMatchObject({
    sku: { name: 'standard', family: UNKNOWN },
    vaultUri: UNKNOWN,
  });
});

test('a name that is part of the id is not an output', () => {
  const container = preview('storage:BlobContainer', { containerName: 'backups', publicAccess: 'None' });
  expect(container).toMatchObject({ publicAccess: 'None', name: UNKNOWN });
  expect(container).not.toHaveProperty('containerName');
  expect(preview('monitor:DiagnosticSetting', { resourceUri: '/a', name: 'audit' })).not.toHaveProperty('resourceUri');
});

test('maps, secrets, unknowns and values of another kind', () => {
  const tags = { owner: 'me', stage: UNKNOWN };
  const props = preview('keyvault:Secret', { tags, properties: secret({ contentType: 'text' }) });
  expect(props.tags).toEqual(tags);
  expect(props.properties).toEqual(
    secret(expect.objectContaining({ contentType: 'text', secretUri: UNKNOWN }) as WireObject),
  );
  expect(
    preview('network:SecurityRule', { priority: '100', access: UNKNOWN, destinationPortRanges: '22' }),
  ).toMatchObject({
    priority: UNKNOWN,
    access: UNKNOWN,
    destinationPortRanges: UNKNOWN,
  });
});

test('a dated type and a generated package are treated like the plain one', () => {
  for (const type of ['azure-native:network/v20250101:Subnet', 'azure-native_network_v20250101:network:Subnet'])
    expect(azure.preview(type, {}), type).toMatchObject({ addressPrefix: UNKNOWN });
});

test('a literal is known before deployment', () => {
  expect(preview('network:AdminRule', {}).kind).toBe('Custom');
});

test('undeclared types and other packages return their inputs', () => {
  expect(preview('network:Nothing', { a: 1 })).toEqual({ a: 1 });
  expect(azure.preview('random:index/randomPassword:RandomPassword', { length: 43 })).toEqual({ length: 43 });
  expect(new AzureOutputs('/nowhere').preview('azure-native:network:Subnet', { a: 1 })).toEqual({ a: 1 });
});
