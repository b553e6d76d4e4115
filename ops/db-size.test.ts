// What the operator is told to do before the database is full, with what it costs.
import { expect, test } from 'vitest';
import { adviseSize, type Size } from './db-size.ts';

const MB = 1e6;
const size = (change: Partial<Size>): Size => ({
  bytes: 100 * MB,
  telemetryBytes: 80 * MB,
  rollupBytes: 0,
  settledRollupBytes: 0,
  bytesPerDay: 10 * MB,
  growth: 10 * MB,
  kept: 30,
  ...change,
});

test('a database that levels off below its room stays as it is', () => {
  expect(adviseSize(size({}), 500 * MB)).toEqual([
    'stay: grows 10 MB a day, 330 MB once 30 days of readings are there; there is room for 500 MB',
  ]);
  // Nothing grows any more: what comes equals what goes.
  expect(adviseSize(size({ bytes: 330 * MB, telemetryBytes: 310 * MB, growth: 0 }), 500 * MB)[0]).toMatch(
    /^stay: grows 0 B/,
  );
});

test('roll-ups, which are kept for longer than readings, count as what they become', () => {
  expect(adviseSize(size({ rollupBytes: 2 * MB, settledRollupBytes: 20 * MB }), 500 * MB)).toEqual([
    'stay: grows 10 MB a day, 348 MB once 30 days of readings are there; there is room for 500 MB',
  ]);
  expect(adviseSize(size({ rollupBytes: 2 * MB, settledRollupBytes: 60 * MB }), 500 * MB)[0]).toMatch(
    /^act: .* 388 MB/,
  );
});

test('one that will be full has three ways out, each with its price', () => {
  expect(adviseSize(size({ bytes: 300 * MB, telemetryBytes: 280 * MB, kept: null }), 500 * MB)).toEqual([
    'act: 300 MB of 500 MB, grows 10 MB a day; full in 20 days. One of:',
    'shorten retention: 32 days of readings fit: retention --days 32. No cost',
    'archive: older days go to Blob storage, a month of readings for less than 0.01 a month',
    'grow: Supabase Pro has room for 8.0 GB, 25.00 a month',
    '(USD, list prices of 2026-11-30)',
  ]);
  const pro = adviseSize(
    size({ bytes: 7000 * MB, telemetryBytes: 6900 * MB, bytesPerDay: 300 * MB, growth: 300 * MB }),
    8000 * MB,
  );
  expect(pro[0]).toMatch(/full in 3 days/);
  expect(pro[1]).toBe('shorten retention: 17 days of readings fit, now 30 are kept: retention --days 17. No cost');
  expect(pro[3]).toBe('grow: 6 GB more, 0.75 a month');
});

test('what does not help is not advised, and what is not known is asked for', () => {
  expect(
    adviseSize(size({ bytes: 480 * MB, telemetryBytes: 10 * MB, bytesPerDay: 1 * MB, growth: 5 * MB }), 500 * MB)[1],
  ).toBe('shorten retention: too little, other tables fill it, see above');
  expect(adviseSize(size({}), undefined)).toEqual([
    'grows 10 MB a day; how large it may become is not known: give --database-mb',
  ]);
});
