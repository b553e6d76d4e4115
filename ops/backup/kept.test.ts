// Which backups stay, and what is stored and read back: without a database.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { backupKey } from '../../domain/backup-key.ts';
import { folderStore } from '../store.ts';
import { backupsAmong, dumpOf, factsOf, type Listed, nameAt, toRemove } from './kept.ts';
import { open, seal } from './seal.ts';

const DAY_MS = 86_400_000;
const START = Date.parse('2026-11-30T02:15:00Z');

/** Backups of these days before START. */
const listed = (days: readonly number[], isGood: (day: number) => boolean = () => true): Listed[] =>
  backupsAmong(
    days.flatMap((day) => {
      const name = nameAt(new Date(START - day * DAY_MS));
      return [dumpOf(name), ...(isGood(day) ? [factsOf(name)] : [])].map((object) => ({ name: object, bytes: 1 }));
    }),
  );
const days = (backups: readonly Listed[]) => backups.map(({ at }) => Math.round((START - at.getTime()) / DAY_MS));
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);

describe('old backups', () => {
  it('go after 30 days', () => {
    expect(days(toRemove(listed(range(0, 40))))).toEqual(range(31, 40));
  });

  it('stay as the newest of seven days and four weeks, however old they are', () => {
    const weekly = listed([0, 40, 47, 54, 61, 68, 75, 82, 89]);
    expect(days(toRemove(weekly))).toEqual([82, 89]);
    // Nothing was made for a year, then one.
    expect(days(toRemove(listed([0, ...range(365, 395)])))).not.toEqual(expect.arrayContaining(range(365, 371)));
  });

  it('stay if no good one is newer, and if the clock is wrong', () => {
    expect(toRemove(listed(range(0, 90), () => false))).toEqual([]);
    // Made with a clock that is years ahead: six of the newest days and three of the newest weeks remain beside it.
    const ahead = listed([-5000, ...range(0, 60)]);
    const left = ahead.filter((one) => !toRemove(ahead).includes(one));
    expect(days(left)).toEqual(expect.arrayContaining([-5000, ...range(0, 6)]));
    expect(left.length).toBeGreaterThanOrEqual(8);
  });

  it('never count as good without their facts', () => {
    // The newest good one is 21 days old: time is counted from there.
    const backups = listed(range(0, 60), (day) => day > 20);
    expect(days(toRemove(backups))).toEqual(range(52, 60));
  });

  it('keep 7 days and 4 weeks of good ones whatever happened', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: -400, max: 400 }), { maxLength: 60 }), fc.nat(9), (made, bad) => {
        const backups = listed(made, (day) => Math.abs(day) % 10 !== bad);
        const gone = new Set(toRemove(backups));
        const good = backups.filter(({ isGood }) => isGood);
        const left = good.filter((one) => !gone.has(one));
        const count = (ms: number, of: readonly Listed[]) =>
          new Set(of.map(({ at }) => Math.floor(at.getTime() / ms))).size;
        expect(count(DAY_MS, left)).toBeGreaterThanOrEqual(Math.min(7, count(DAY_MS, good)));
        expect(count(7 * DAY_MS, left)).toBeGreaterThanOrEqual(Math.min(4, count(7 * DAY_MS, good)));
      }),
    );
  });

  it('are told from other objects', () => {
    expect(
      backupsAmong([
        { name: 'backup-1.dump.age', bytes: 1 },
        { name: 'notes.txt', bytes: 1 },
      ]),
    ).toEqual([]);
  });
});

describe('a folder as a store', () => {
  const folder = mkdtempSync(join(tmpdir(), 'store-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const store = folderStore(join(folder, 'backups'));

  it('keeps an object whole, for its user only, and never overwrites one', async () => {
    expect(await store.list()).toEqual([]);
    await store.put('a', Readable.from([Buffer.from('content')]));
    expect(await buffer(await store.get('a'))).toEqual(Buffer.from('content'));
    expect(statSync(join(folder, 'backups/a')).mode & 0o777).toBe(0o600);
    await expect(store.put('a', Readable.from([Buffer.from('other')]))).rejects.toThrow('has a already');
    expect(await store.list()).toEqual([{ name: 'a', bytes: 7 }]);
  });

  it('keeps nothing of one that breaks off', async () => {
    const broken = Readable.from(
      (async function* () {
        yield Buffer.from('half');
        throw new Error('cut');
      })(),
    );
    await expect(store.put('b', broken)).rejects.toThrow('cut');
    expect(readdirSync(join(folder, 'backups'))).toEqual(['a']);
  });
});

describe('what is stored', () => {
  const key = backupKey(randomBytes(32));
  const text = randomBytes(200_000);

  it('is encrypted with a key in age’s form, in chunks, and read back', async () => {
    expect(key).toMatch(/^AGE-SECRET-KEY-1[A-Z0-9]{58}$/);
    const sealed = await buffer(await seal(Readable.from([text]), key));
    expect(sealed.includes(text.subarray(0, 32))).toBe(false);
    expect(await buffer(await open(Readable.from([sealed]), key))).toEqual(text);
  });

  it('is refused with another key, a changed byte, or a missing end', async () => {
    const sealed = await buffer(await seal(Readable.from([text]), key));
    await expect(open(Readable.from([sealed]), backupKey(randomBytes(32)))).rejects.toThrow(
      'another key than BACKUP_KEY',
    );
    const flipped = Buffer.from(sealed);
    flipped[150_000]! ^= 1;
    for (const spoilt of [flipped, sealed.subarray(0, 70_000), sealed.subarray(0, sealed.length - 1)])
      await expect(open(Readable.from([spoilt]), key).then(buffer)).rejects.toThrow();
    await expect(seal(Readable.from([text]), 'hunter2')).rejects.toThrow(/^BACKUP_KEY is not an age key/);
  });
});
