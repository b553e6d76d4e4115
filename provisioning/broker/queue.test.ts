import { expect, test } from 'vitest';
import { DEFAULT_OUTAGE } from './config.ts';
import { assertQueueFits, queueLimits } from './queue.ts';

test('rate x longest outage x bytes', () => {
  expect(queueLimits({ messagesPerSecond: 2, outageHours: 0.5, messageBytes: 100 })).toEqual({
    maxQueuedMessages: 3600,
    maxQueuedBytes: 360_000,
    memoryBytes: 3600 * 612,
    fileBytes: 3600 * 356,
    diskBytes: Math.ceil((3600 * 356 * 3) / 0.8),
  });
});

test('the default fits the smallest machine', () => {
  expect(() => assertQueueFits(queueLimits(DEFAULT_OUTAGE), { memoryGiB: 1, dataDiskGb: 4 })).not.toThrow();
});

test('a queue the memory cannot hold is refused, and fits a larger machine', () => {
  const limits = queueLimits({ messagesPerSecond: 10, outageHours: 24, messageBytes: 256 });
  expect(() => assertQueueFits(limits, { memoryGiB: 1, dataDiskGb: 8 })).toThrow(
    /864000 messages takes 633 MiB of memory; a machine with 1 GiB has 308 MiB .* larger vmSize/,
  );
  expect(() => assertQueueFits(limits, { memoryGiB: 4, dataDiskGb: 8 })).not.toThrow();
});

test('a queue the data disk cannot hold is refused', () => {
  const limits = queueLimits({ messagesPerSecond: 10, outageHours: 8, messageBytes: 10_000 });
  expect(() => assertQueueFits(limits, { memoryGiB: 32, dataDiskGb: 8 })).toThrow(/on disk.*larger dataDiskGb/);
});

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('%d messages a second is refused', (messagesPerSecond) => {
  expect(() => queueLimits({ ...DEFAULT_OUTAGE, messagesPerSecond })).toThrow('queue: messagesPerSecond is');
});
