// How often and how long something is tried, and what ends it.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Failure, retry } from './retry.ts';

const never = new AbortController().signal;
const fails = async () => {
  throw new Error('away');
};

// A hundredth of each bound: the waits are real, and short.
beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0.01);
});
afterEach(() => {
  vi.restoreAllMocks();
});

test('tries until it works, and tells of each failure', async () => {
  const failed: Failure[] = [];
  const work = async ({ failures }: { failures: number }) => {
    if (failures < 3) throw new Error(`failure ${failures + 1}`);
    return 'done';
  };
  expect(await retry(work, { signal: never, onFailure: (failure) => failed.push(failure) })).toBe('done');
  expect(failed.map(({ error, failures }) => [(error as Error).message, failures])).toEqual([
    ['failure 1', 1],
    ['failure 2', 2],
    ['failure 3', 3],
  ]);
});

test('waits double up to ten seconds; what is asked for beyond the backoff is added', async () => {
  const waits: number[] = [];
  const options = {
    signal: never,
    extraWaitMs: () => 1,
    isFinal: () => waits.length === 8,
    onFailure: ({ retryInMs }: Failure) => waits.push(retryInMs),
  };
  await expect(retry(fails, options)).rejects.toThrow('away');
  expect(waits).toEqual([4, 6, 11, 21, 41, 81, 101, 101]);
});

test('what went well for a while fails for the first time again', async () => {
  const counted: number[] = [];
  const work = async ({ failures, reset }: { failures: number; reset(): void }) => {
    if (failures === 2) reset();
    throw new Error('away');
  };
  const options = {
    signal: never,
    isFinal: () => counted.length === 5,
    onFailure: ({ failures }: Failure) => counted.push(failures),
  };
  await expect(retry(work, options)).rejects.toThrow('away');
  expect(counted).toEqual([1, 2, 1, 2, 1]);
});

test('begins no attempt after the deadline, and none after a final error', async () => {
  const onFailure = vi.fn();
  await expect(retry(fails, { signal: never, until: 1000, now: () => 999, onFailure })).rejects.toThrow('away');
  await expect(retry(fails, { signal: never, isFinal: () => true, onFailure })).rejects.toThrow('away');
  expect(onFailure).not.toHaveBeenCalled();
});

test('an abort cuts the wait short, and the attempt after it is the last one', async () => {
  const stopping = new AbortController();
  const work = vi.fn(fails);
  const options = {
    signal: stopping.signal,
    extraWaitMs: () => 3_600_000,
    onFailure: () => void setImmediate(() => stopping.abort()),
  };
  await expect(retry(work, options)).rejects.toThrow('away');
  expect(work).toHaveBeenCalledTimes(2);
});
