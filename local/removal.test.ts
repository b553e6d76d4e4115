// A platform's data is deleted only for a person who gives its name.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { dataRoot } from '../lab/unprivileged.ts';
import { type Claim, claimInstance } from './instance.ts';
import { removePlatform, startAfresh } from './removal.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mqtt-saas-removal-test-'));
});

afterEach(() => rmSync(dir, { recursive: true }));

function claim(hasData: boolean) {
  return {
    name: 'default',
    dir,
    hasData,
    removeData: vi.fn(async () => rmSync(dir, { recursive: true })),
  } as unknown as Claim;
}

test('if nobody can be asked, a fresh start needs the name', async () => {
  const place = claim(true);
  await expect(startAfresh(place, false, async () => undefined)).rejects.toThrow('npm start -- --name default --fresh');
  expect(place.removeData).not.toHaveBeenCalled();
});

test('with the name, or without data, nothing else is needed', async () => {
  const place = claim(true);
  await startAfresh(place, true);
  expect(place.removeData).toHaveBeenCalledOnce();
  expect(existsSync(dir)).toBe(true);
  const empty = claim(false);
  await startAfresh(empty, false);
  expect(empty.removeData).not.toHaveBeenCalled();
});

test('a person who is asked must type the name', async () => {
  const place = claim(true);
  for (const answer of ['', 'yes', 'second']) {
    await expect(startAfresh(place, false, async () => answer)).rejects.toThrow('nothing was deleted');
  }
  expect(place.removeData).not.toHaveBeenCalled();
  await startAfresh(place, false, async () => ' default\n');
  expect(place.removeData).toHaveBeenCalledOnce();
});

test('a platform is removed by its name, even if its first start failed; a running or unknown one is not', async () => {
  const say = vi.spyOn(console, 'log').mockImplementation(() => {});
  const name = `removal-${process.pid}`;
  const folder = join(dataRoot(), name);
  try {
    await expect(removePlatform(name)).rejects.toThrow(`there is no platform "${name}" in this checkout`);
    expect(existsSync(folder)).toBe(false);
    // What a failed start leaves.
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'secrets.json'), '{}');
    const running = await claimInstance(name);
    await expect(removePlatform(name)).rejects.toThrow('is starting or stopping already');
    expect(existsSync(join(folder, 'secrets.json'))).toBe(true);
    running.release();
    await removePlatform(name);
    expect(existsSync(folder)).toBe(false);
    expect(say).toHaveBeenCalledWith(`The platform "${name}" and its data are deleted (${folder}).`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    say.mockRestore();
  }
});
