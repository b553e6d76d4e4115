// Which storage account is taken over, and what becomes of what others do with it.
import { expect, test } from 'vitest';
import { at } from './json.ts';
import type { AdoptionPlan } from './plan.ts';
import { adopted, type Change, id, said, sent } from './testing/case.ts';
import { baseFiles, type Files } from './testing/recordings.ts';

const second: Change = (f) =>
  f.storage.unshift({
    ...f.storage[0],
    name: 'sttfstate01',
    id: id('Microsoft.Storage/storageAccounts', 'sttfstate01'),
  });
const unknown: Change = (f) => (f['function-storage'] = '');
const both: Change = (f) => {
  second(f);
  unknown(f);
};

test('of several accounts the function’s is taken, or the one that is named, never just the first', () => {
  const taken = (plan: AdoptionPlan) => [
    plan.adoption.names.st,
    plan.adoption.resources['storage-account']?.id.split('/').at(-1),
  ];
  expect(taken(adopted(second))).toEqual(['stzeroclaw7f3a', 'stzeroclaw7f3a']);
  expect(() => adopted(both)).toThrow(/which of sttfstate01, stzeroclaw7f3a is the Function App.*--storage NAME/);
  expect(taken(adopted(both, { storage: 'sttfstate01' }))).toEqual(['sttfstate01', 'sttfstate01']);
  expect(taken(adopted(both, { storage: 'none' }))).toEqual([undefined, undefined]);
  expect(() => adopted(second, { storage: 'other' })).toThrow('no storage account "other"');
  // It works with one of another group: this one is none of its business.
  expect(() => adopted((f) => (f['function-storage'] = 'stelsewhere'))).toThrow('no storage account "stelsewhere"');
  const ours = 'stzeroclaw7f3a';
  for (const [name, value] of [
    ['AzureWebJobsStorage', `DefaultEndpointsProtocol=https;AccountName=${ours};AccountKey=c2VjcmV0`],
    ['AzureWebJobsStorage__accountName', ours],
    ['AzureWebJobsStorage__blobServiceUri', `https://${ours}.blob.core.windows.net`],
  ]) {
    const plan = adopted((f) => {
      both(f);
      f.appsettings.push({ name, value, slotSetting: false });
    });
    expect(taken(plan)).toEqual([ours, ours]);
    expect(JSON.stringify(plan)).not.toContain('c2VjcmV0');
  }
});

/** The account lets in no more than the platform needs: what was recorded otherwise is set, and the report says so. */
test.each<[resource: string, path: string, change: Change, then: unknown]>([
  ['storage-account', 'enableHttpsTrafficOnly', (f) => (f.storage[0].enableHttpsTrafficOnly = false), true],
  ['storage-account', 'minimumTlsVersion', (f) => (f.storage[0].minimumTlsVersion = 'TLS1_1'), 'TLS1_2'],
  ['storage-account', 'allowBlobPublicAccess', () => {}, false],
  ['storage-account', 'allowCrossTenantReplication', (f) => (f.storage[0].allowCrossTenantReplication = true), false],
  ['storage-account', 'defaultToOAuthAuthentication', (f) => (f.storage[0].defaultToOAuthAuthentication = false), true],
  ['storage-blobs', 'deleteRetentionPolicy.enabled', () => {}, true],
  [
    'storage-blobs',
    'containerDeleteRetentionPolicy.days',
    (f) => (f['blob-service'].containerDeleteRetentionPolicy = { enabled: true, days: 1 }),
    7,
  ],
])('%s: %s becomes the platform’s', (resource, path, change, then) => {
  const plan = adopted(change);
  expect(said(plan, resource, path)).toMatchObject({ outcome: 'set', phase: 3, why: /\w/ });
  expect(at(sent(plan, resource, 3), ...path.split('.'))).toEqual(then);
});

const RULE = (name: string, actions: object): Files => ({
  name,
  enabled: true,
  type: 'Lifecycle',
  definition: { actions },
});
const lifecycleOf = (...rules: Files[]) => ({
  id: `${baseFiles().storage[0].id}/managementPolicies/default`,
  policy: { rules },
});

test('what others do with the account’s blobs stays beside what the platform does', () => {
  const plan = adopted((f) => {
    Object.assign(f['blob-service'], {
      cors: { corsRules: [{ allowedOrigins: ['https://x.example.com'], allowedMethods: ['GET'], maxAgeInSeconds: 5 }] },
      isVersioningEnabled: true,
      deleteRetentionPolicy: { enabled: true, days: 90 },
    });
    f.lifecycle = lifecycleOf(RULE('to-cool', { baseBlob: { tierToCool: { daysAfterModificationGreaterThan: 30 } } }));
  });
  expect(sent(plan, 'storage-blobs', 3)).toMatchObject({
    cors: { corsRules: [{ allowedOrigins: ['https://x.example.com'] }] },
    isVersioningEnabled: true,
    deleteRetentionPolicy: { enabled: true, days: 90 },
    containerDeleteRetentionPolicy: { enabled: true, days: 7 },
  });
  const rules = (phase: number) =>
    (at(sent(plan, 'storage-lifecycle', phase), 'policy', 'rules') as Files[]).map(({ name }) => name);
  expect([2, 3, 4].map(rules)).toEqual([['to-cool'], ['old-broker-state', 'to-cool'], ['old-broker-state', 'to-cool']]);
});

test('a lifecycle rule that deletes is refused by name, and what others keep in the account is told', () => {
  const change: Change = (f) => {
    f.lifecycle = lifecycleOf(RULE('clean', { baseBlob: { delete: { daysAfterModificationGreaterThan: 7 } } }));
  };
  expect(() => adopted(change)).toThrow('--accept storage-lifecycle.policy.rules');
  const plan = adopted((f) => {
    f.shares.push({ name: 'plant-files' });
    f.containers.push({ name: 'reports' });
  });
  expect(said(plan, 'storage-account', 'fileShares')).toMatchObject({
    recorded: ['plant-files'],
    outcome: 'taken away',
    phase: 3,
  });
  expect(said(plan, 'storage-account', 'containers')).toMatchObject({
    recorded: ['reports'],
    outcome: 'set',
    phase: 3,
  });
});
