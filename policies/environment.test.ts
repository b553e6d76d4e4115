// Rules that are stricter in production: what counts as production, and what it changes.
import { describe, expect, test } from 'vitest';
import { isProduction } from './environment.ts';
import { immutableBackups } from './production/immutable-backups.ts';
import { protectedDisks } from './production/protected-disks.ts';
import { resource } from './testing/plan.ts';
import { judge } from './testing/specimen.ts';
import { BLOB_CONTAINER, DISK, VAULT } from './types.ts';
import { purgeProtection } from './vault/purge-protection.ts';
import { softDelete } from './vault/soft-delete.ts';

const inStack = (stack: string, type: string, props: Record<string, unknown> = {}) => {
  const made = resource(type, 'it', props);
  return { ...made, urn: made.urn.replace(':dev:', `:${stack}:`) };
};

test.each(['prod', 'production', 'staging', 'Dev', 'dev2', 'live'])('%s is production', (stack) => {
  expect(isProduction(inStack(stack, DISK).urn, {})).toBe(true);
});
test.each(['dev', 'test', 'sandbox'])('%s is not', (stack) => {
  expect(isProduction(inStack(stack, DISK).urn, {})).toBe(false);
});
test('the configuration overrides the default', () => {
  const config = { nonProductionStacks: ['staging'] };
  expect(isProduction(inStack('staging', DISK).urn, config)).toBe(false);
  expect(isProduction(inStack('dev', DISK).urn, config)).toBe(true);
});
test('without a stack it is production', () => {
  expect(isProduction('', {})).toBe(true);
});

describe.each([
  [protectedDisks, DISK, {}],
  [immutableBackups, BLOB_CONTAINER, { containerName: 'backups' }],
  [purgeProtection, VAULT, { properties: {} }],
  [softDelete, VAULT, { properties: { softDeleteRetentionInDays: 7 } }],
])('$name', (rule, type, props) => {
  test('is stricter in production than in dev', () => {
    expect(judge(rule, [inStack('prod', type, props)])).toHaveLength(1);
    expect(judge(rule, [inStack('dev', type, props)])).toEqual([]);
    expect(judge(rule, [inStack('dev', type, props)], { nonProductionStacks: [] })).toHaveLength(1);
  });
});

test('dev may not set purge protection to false or to an unknown value', () => {
  for (const properties of [{ enablePurgeProtection: false }, '04da6b54-80e4-46f7-96ec-b56ff0331ba9'])
    expect(judge(purgeProtection, [inStack('dev', VAULT, { properties })])).toHaveLength(1);
});
