import { expect, test } from 'vitest';
import type { IngestSpan } from './ingest.ts';
import { stackColumns, toBar, totals } from './spans.ts';

const span = (at: number, begun: number, stored: number, rejected = 0): IngestSpan => ({
  at: new Date(at * 1000).toISOString(),
  begun,
  received: stored + rejected,
  stored,
  duplicate: 0,
  rejected,
  over_quota: 0,
  latency_ms_avg: stored + rejected === 0 ? null : 100,
  latency_ms_max: stored + rejected === 0 ? null : 200,
});

test('a bar is the mean of the minutes that have begun', () => {
  expect(toBar(span(720, 12, 120, 6))).toEqual({
    at: 720,
    stored: 10,
    duplicate: 0,
    rejected: 0.5,
    over_quota: 0,
    latencyAverage: 100,
    latencyMost: 200,
  });
  expect(toBar(span(1440, 3, 6)).stored).toBe(2);
});

test('a span without readings is a bar of nothing, without a latency', () => {
  expect(toBar(span(60, 1, 0))).toMatchObject({ stored: 0, latencyAverage: null, latencyMost: null });
});

test('the stack stands on what was stored', () => {
  const spans = [span(60, 1, 5, 2)];
  expect(stackColumns(spans.map(toBar))).toEqual([
    { outcome: 'over_quota', values: [null] },
    { outcome: 'rejected', values: [7] },
    { outcome: 'duplicate', values: [null] },
    { outcome: 'stored', values: [5] },
  ]);
  expect(totals([...spans, span(120, 1, 1)])).toEqual({ stored: 6, duplicate: 0, rejected: 2, over_quota: 0 });
});
