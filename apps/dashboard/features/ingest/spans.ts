// From the ledger's minutes to a chart's bars.
import type { IngestMinute } from './ingest.ts';

/** What can become of a reading, in the order of the stack. */
export const FATES = ['stored', 'duplicate', 'rejected', 'over_quota'] as const;
export type Fate = (typeof FATES)[number];

/** One bar: readings a minute. */
export interface Span extends Record<Fate, number> {
  /** Its beginning, in epoch seconds. */
  at: number;
  latencyAverage: number | null;
  latencyMost: number | null;
}

const MINUTE = 60;

/**
 * Bars that cover `minutes` up to now, without gaps: a minute the ledger lacks had no reading.
 * @param step minutes a bar; the newest bar counts only the minutes it has had.
 * @param now epoch seconds.
 */
export function toSpans(ledger: IngestMinute[], minutes: number, step: number, now: number): Span[] {
  const width = step * MINUTE;
  const last = Math.floor(now / width) * width;
  const count = Math.ceil(minutes / step);
  const rows = new Map<number, IngestMinute[]>();
  for (const row of ledger) {
    const at = Math.floor(Date.parse(row.minute) / 1000 / width) * width;
    rows.set(at, [...(rows.get(at) ?? []), row]);
  }
  return Array.from({ length: count }, (_, index) => {
    const at = last - (count - 1 - index) * width;
    const elapsed = Math.min(step, Math.floor((now - at) / MINUTE) + 1);
    return toSpan(at, rows.get(at) ?? [], elapsed);
  });
}

function toSpan(at: number, rows: IngestMinute[], minutes: number): Span {
  const total = (of: (row: IngestMinute) => number) => rows.reduce((sum, row) => sum + of(row), 0);
  const received = total((row) => row.received);
  const waited = total((row) => row.received * (row.latency_ms_avg ?? 0));
  return {
    at,
    stored: total((row) => row.stored) / minutes,
    duplicate: total((row) => row.duplicate) / minutes,
    rejected: total((row) => row.rejected) / minutes,
    over_quota: total((row) => row.over_quota) / minutes,
    latencyAverage: received === 0 ? null : waited / received,
    latencyMost: received === 0 ? null : Math.max(...rows.map((row) => row.latency_ms_max ?? 0)),
  };
}

/**
 * Columns of a stacked chart: the stack's tops, from the whole, which is drawn first, down to the first fate alone. Null
 * where a fate has no part: what is drawn behind another bar shines through at its edges.
 */
export function stackColumns(spans: Span[]): { fate: Fate; values: (number | null)[] }[] {
  return FATES.map((fate, upTo) => ({
    fate,
    values: spans.map((span) => (span[fate] === 0 ? null : topOf(span, upTo))),
  })).reverse();
}

const topOf = (span: Span, upTo: number) => FATES.slice(0, upTo + 1).reduce((sum, fate) => sum + span[fate], 0);

/** Readings by fate over the whole ledger given. */
export function totals(ledger: IngestMinute[]): Record<Fate, number> {
  const sum = (fate: Fate) => ledger.reduce((all, row) => all + row[fate], 0);
  return {
    stored: sum('stored'),
    duplicate: sum('duplicate'),
    rejected: sum('rejected'),
    over_quota: sum('over_quota'),
  };
}
