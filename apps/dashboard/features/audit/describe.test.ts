import { expect, test } from 'vitest';
import { describeAction, describeChanges } from './describe.ts';

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
  expect(describeChanges(details)).toBe('enabled: true → false, name: none → Roof, revoked_at: none → x');
  expect(describeChanges({ slug: 'a', id: 1 })).toBe('');
});
