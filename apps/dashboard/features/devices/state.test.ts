import { expect, test } from 'vitest';
import { clockWords, deviceState, LIVE_MS } from './state.ts';

const NOW = new Date('2026-11-21T12:00:00Z');
const heard = (msAgo: number, gaps: number[] = []) => ({
  last_received_at: new Date(NOW.getTime() - msAgo).toISOString(),
  gaps,
});
const MINUTE = 60_000;
/** Every 15 minutes. */
const SLOW = Array(8).fill(900);

test.each([
  [true, heard(0), 'Live'],
  [true, heard(LIVE_MS - 1), 'Live'],
  [true, heard(LIVE_MS), 'Quiet'],
  [true, heard(LIVE_MS, [5, 5, 5]), 'Quiet'],
  [true, heard(14 * MINUTE, SLOW), 'Live'],
  [true, heard(44 * MINUTE, SLOW), 'Live'],
  [true, heard(45 * MINUTE, SLOW), 'Quiet'],
  // Its second report came a moment ago.
  [true, heard(14 * MINUTE, [900]), 'Live'],
  // Two reports in a row, every 15 minutes.
  [true, heard(14 * MINUTE, [10, 890, 10, 890, 10, 890, 10, 890]), 'Live'],
  // One outage of a day does not make it a daily device.
  [true, heard(4 * MINUTE, [60, 60, 86_400, 60, 60]), 'Quiet'],
  [true, undefined, 'No readings'],
  [false, heard(0), 'Disabled'],
])('enabled %s, %j: %s', (enabled, status, word) => {
  expect(deviceState(enabled, status, NOW).word).toBe(word);
});

test.each([
  [null, undefined],
  [-119, undefined],
  [130.4, '2 min ahead'],
  [7 * 3600 + 20, '7 h ahead'],
  [-3 * 86_400, '3 days behind'],
])('a skew of %s s: %s', (skew, words) => {
  expect(clockWords(skew)).toBe(words);
});
