// If several processes need a file, one of them makes it, even if some fail or die on the way.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { madeOnce } from './made-once.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'made-once-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('askers at once get what one of them makes, and only when it is whole', async () => {
  const target = join(folder, 'whole');
  let made = 0;
  const make = async (partial: string) => {
    made += 1;
    writeFileSync(partial, 'half');
    await sleep(100);
    expect(existsSync(target)).toBe(false);
  };
  await Promise.all([1, 2, 3].map(() => madeOnce(target, make)));
  await madeOnce(target, make);
  expect(made).toBe(1);
  expect(existsSync(target)).toBe(true);
});

test('what one failed to make, the next one makes', async () => {
  const target = join(folder, 'failed');
  const failed = madeOnce(target, async () => {
    throw new Error('no');
  });
  await expect(failed).rejects.toThrow('no');
  await madeOnce(target, async (partial) => writeFileSync(partial, ''));
  expect(existsSync(target)).toBe(true);
});

test('a maker that died is succeeded, and its half is thrown away', async () => {
  const target = join(folder, 'died');
  // Above the highest process id that Linux gives.
  writeFileSync(`${target}.maker`, '4194305');
  writeFileSync(`${target}.partial`, 'half');
  await madeOnce(target, async (partial) => {
    expect(existsSync(partial)).toBe(false);
    writeFileSync(partial, '');
  });
  expect(existsSync(`${target}.maker`)).toBe(false);
});
