import { expect, test } from 'vitest';
import { firstSteps } from './steps.ts';

const limit = (name: string, used: number) => ({ name, used, most: 10, until: null });
const done = (...known: [used: Record<string, number>, newest?: unknown[][], canInvite?: boolean]) => {
  const [used, newest = [], canInvite = true] = known;
  const limits = Object.entries(used).map(([name, n]) => limit(name, n));
  return firstSteps({ limits, statuses: newest.map((fields) => ({ newest: fields })), canInvite })
    .filter((step) => step.done)
    .map(({ name }) => name);
};

test('each step is ticked by what there is', () => {
  expect(done({ max_members: 1 })).toEqual([]);
  expect(done({ max_devices: 1 })).toEqual(['Add a device']);
  // A message that was refused leaves no fields.
  expect(done({}, [[]])).toEqual(['Connect it']);
  expect(done({}, [[], [['t', 1]]])).toEqual(['Connect it', 'See its first reading']);
  expect(done({ max_rules: 1, max_channels: 1 })).toEqual(['Make an alert rule', 'Add a channel']);
  expect(done({ max_members: 2 })).toEqual(['Invite somebody']);
  expect(done({ max_invitations: 1 })).toEqual(['Invite somebody']);
});

test('who cannot invite is not asked to', () => {
  expect(firstSteps({ limits: [], statuses: [], canInvite: false })).toHaveLength(5);
});
