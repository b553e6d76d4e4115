import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DEFAULT_OUTAGE } from './config.ts';
import { assertQueueFits, fileSystemBytes, queueLimits } from './queue.ts';

const GIB = 1024 ** 3;
const MKFS = '/usr/sbin/mkfs.ext4';

test('rate x longest outage x bytes', () => {
  expect(queueLimits({ messagesPerSecond: 2, outageHours: 0.5, messageBytes: 100 })).toEqual({
    maxQueuedMessages: 3600,
    maxQueuedBytes: 360_000,
    memoryBytes: 3600 * 788,
    fileBytes: 3600 * 424,
    diskBytes: Math.ceil((3600 * 424 * 3) / 0.8),
  });
});

test('the default fits the smallest machine', () => {
  expect(() => assertQueueFits(queueLimits(DEFAULT_OUTAGE), { memoryGiB: 1, dataDiskGb: 4 })).not.toThrow();
});

test('a queue the memory cannot hold is refused, and fits a larger machine', () => {
  const limits = queueLimits({ messagesPerSecond: 10, outageHours: 24, messageBytes: 256 });
  expect(() => assertQueueFits(limits, { memoryGiB: 1, dataDiskGb: 8 })).toThrow(
    /864000 messages takes 778 MiB of memory; a machine with 1 GiB has 308 MiB .* larger vmSize/,
  );
  expect(() => assertQueueFits(limits, { memoryGiB: 4, dataDiskGb: 8 })).not.toThrow();
});

test('a queue the data disk cannot hold is refused', () => {
  const limits = queueLimits({ messagesPerSecond: 10, outageHours: 8, messageBytes: 10_000 });
  expect(() => assertQueueFits(limits, { memoryGiB: 32, dataDiskGb: 8 })).toThrow(/on disk.*larger dataDiskGb/);
});

test('nor one that only the bare disk would have room for', () => {
  const messageBytes = 676;
  // 3,970 MiB with what else lies there: less than 4 GiB, and more than the 3,952 MiB that ext4 leaves of it.
  const limits = queueLimits({ messagesPerSecond: 1_110_000 / 3600, outageHours: 1, messageBytes });
  expect(limits.diskBytes / GIB).toBeLessThan(4);
  expect(limits.diskBytes).toBeGreaterThan(3952 * 1024 ** 2);
  expect(() => assertQueueFits(limits, { memoryGiB: 8, dataDiskGb: 4 })).toThrow(/larger dataDiskGb/);
  expect(() => assertQueueFits(limits, { memoryGiB: 8, dataDiskGb: 5 })).not.toThrow();
});

// Sparse, as provisioning/machine/mount-data-disk.sh makes it. 4 to 32: made with 4, and grown.
test.runIf(existsSync(MKFS)).each([[4], [5], [8], [16], [32], [4, 32]])(
  'ext4 leaves of %d GiB no less than is counted on',
  (...sizes) => {
    const folder = mkdtempSync(join(tmpdir(), 'mqtt-saas-ext4-'));
    try {
      const image = join(folder, 'disk');
      writeFileSync(image, '');
      for (const [index, size] of sizes.entries()) {
        truncateSync(image, size * GIB);
        if (index === 0) execFileSync(MKFS, ['-q', '-m', '0', image]);
        else execFileSync('/usr/sbin/resize2fs', [image], { stdio: 'ignore' });
      }
      const said = execFileSync('/usr/sbin/dumpe2fs', ['-h', image], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const number = (name: string) => Number(new RegExp(`^${name}: +(\\d+)$`, 'm').exec(said)?.[1]);
      // Of an empty one nearly all that statvfs counts as f_blocks, and no more.
      const bytes = number('Free blocks') * number('Block size');
      const counted = fileSystemBytes(sizes.at(-1)!);
      expect(bytes).toBeGreaterThanOrEqual(counted);
      expect(counted).toBeGreaterThan(0.95 * bytes);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('%d messages a second is refused', (messagesPerSecond) => {
  expect(() => queueLimits({ ...DEFAULT_OUTAGE, messagesPerSecond })).toThrow('queue: messagesPerSecond is');
});
