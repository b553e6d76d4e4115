import { expect, test } from 'vitest';
import type { IngestMinute } from './ingest.ts';
import { stackColumns, toSpans, totals } from './spans.ts';

const minute = (at: number, stored: number, rejected = 0, latency = 100): IngestMinute => ({
  minute: new Date(at * 1000).toISOString(),
  received: stored + rejected,
  stored,
  duplicate: 0,
  rejected,
  over_quota: 0,
  latency_ms_avg: latency,
  latency_ms_max: latency * 2,
});

test('a minute without readings is a bar of nothing', () => {
  const spans = toSpans([minute(60, 5), minute(180, 7, 1)], 3, 1, 200);
  expect(spans.map(({ at, stored, rejected }) => [at, stored, rejected])).toEqual([
    [60, 5, 0],
    [120, 0, 0],
    [180, 7, 1],
  ]);
  expect(spans[1]).toMatchObject({ latencyAverage: null, latencyMost: null });
});

test('a bar of several minutes is their mean; the newest counts the minutes it has had', () => {
  const ledger = [minute(0, 10, 0, 100), minute(60, 20, 0, 400), minute(180, 6)];
  const spans = toSpans(ledger, 6, 3, 200);
  expect(spans.map(({ stored }) => stored)).toEqual([10, 6]);
  expect(spans[0]).toMatchObject({ latencyAverage: 300, latencyMost: 800 });
});

test('the stack stands on what was stored', () => {
  const ledger = [minute(60, 5, 2)];
  expect(stackColumns(toSpans(ledger, 1, 1, 60))).toEqual([
    { fate: 'over_quota', values: [null] },
    { fate: 'rejected', values: [7] },
    { fate: 'duplicate', values: [null] },
    { fate: 'stored', values: [5] },
  ]);
  expect(totals(ledger)).toEqual({ stored: 5, duplicate: 0, rejected: 2, over_quota: 0 });
});
