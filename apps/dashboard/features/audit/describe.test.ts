import { expect, test } from 'vitest';
import { describeAction, describeChanges, describeMany } from './describe.ts';

test('an action in words', () => {
  expect(describeAction('device_key.created')).toBe('Device key created');
});

test('only changes are told', () => {
  const details = {
    enabled: { from: true, to: false },
    name: { to: 'Roof' },
    revoked_at: { from: null, to: 'x' },
    ids: [1],
  };
  expect(describeChanges(details)).toBe('enabled: true → false, name → Roof, revoked_at: none → x');
  expect(describeChanges({ slug: 'a', id: 1 })).toBe('');
  expect(describeChanges({ updated_at: { from: 'a', to: 'b' } })).toBe('');
  expect(describeChanges({ revoked_at: { from: null, to: '2026-11-21T19:24:44.934199+00:00' } })).toMatch(
    /^revoked_at: none → 2[12] Nov 2026, \d\d:\d\d:44 UTC/,
  );
});

test('many devices that are changed at once', () => {
  const details = {
    count: 4,
    devices: ['a', 'b', 'c', 'd'],
    tags: { added: ['hot'], removed: null },
    name: { to: 'various' },
  };
  expect(describeChanges(details)).toBe('tags: +hot, name → various');
  expect(describeMany(details)).toBe('4: a, b, c, …');
  expect(describeMany({ enabled: { from: true, to: false } })).toBe('');
  expect(describeMany({ count: 2, device_keys: ['a', 'b'] })).toBe('2');
});
