import { describe, expect, test } from 'vitest';
import { messagesOf, UNKNOWN_TEXT, withProperty } from '../testing/plan.ts';
import { rolesOnly } from './roles-only.ts';

const VAULT = {
  properties: { enableRbacAuthorization: true, tenantId: UNKNOWN_TEXT, sku: { family: 'A', name: 'standard' } },
};

describe('vault-roles-only', () => {
  test('a vault with roles and no policies is fine', () => {
    expect(messagesOf(rolesOnly, VAULT)).toEqual([]);
    expect(messagesOf(rolesOnly, withProperty(VAULT, 'properties.accessPolicies', []))).toEqual([]);
  });
  test.each([
    ['properties.enableRbacAuthorization', false],
    ['properties.enableRbacAuthorization', undefined],
    ['properties.enableRbacAuthorization', UNKNOWN_TEXT],
    ['properties.accessPolicies', [{ objectId: 'x' }]],
    ['properties.accessPolicies', UNKNOWN_TEXT],
    ['properties', UNKNOWN_TEXT],
    ['properties', undefined],
  ])('%s = %j is not', (path, value) => {
    expect(messagesOf(rolesOnly, withProperty(VAULT, path, value))).toHaveLength(1);
  });
  test('nor is an access policy of its own', () => {
    expect(messagesOf(rolesOnly, {}, 'azure-native:keyvault:AccessPolicy')).toHaveLength(1);
  });
});
