import { expect, test } from 'vitest';
import { deviceState, LIVE_MS } from './state.ts';

const NOW = new Date('2026-11-21T12:00:00Z');
const before = (ms: number) => new Date(NOW.getTime() - ms).toISOString();

test.each([
  [true, before(0), 'Live'],
  [true, before(LIVE_MS - 1), 'Live'],
  [true, before(LIVE_MS), 'Quiet'],
  [true, undefined, 'No readings'],
  [false, before(0), 'Disabled'],
])('enabled %s, last reading %s: %s', (enabled, receivedAt, word) => {
  expect(deviceState(enabled, receivedAt, NOW).word).toBe(word);
});
