// From the ledger's spans to a chart's bars.
import type { IngestSpan } from './ingest.ts';

/** What can become of a reading, in the order of the stack. */
export const FATES = ['stored', 'duplicate', 'rejected', 'over_quota'] as const;
export type Fate = (typeof FATES)[number];

/** One bar: readings a minute. */
export interface Bar extends Record<Fate, number> {
  /** Its beginning, in epoch seconds. */
  at: number;
  latencyAverage: number | null;
  latencyMost: number | null;
}

/** The newest bar counts only the minutes it has had. */
export function toBar(span: IngestSpan): Bar {
  return {
    at: Date.parse(span.at) / 1000,
    stored: span.stored / span.begun,
    duplicate: span.duplicate / span.begun,
    rejected: span.rejected / span.begun,
    over_quota: span.over_quota / span.begun,
    latencyAverage: span.latency_ms_avg,
    latencyMost: span.received === 0 ? null : span.latency_ms_max,
  };
}

/**
 * Columns of a stacked chart: the stack's tops, from the whole, which is drawn first, down to the first fate alone. Null
 * where a fate has no part: what is drawn behind another bar shines through at its edges.
 */
export function stackColumns(bars: Bar[]): { fate: Fate; values: (number | null)[] }[] {
  return FATES.map((fate, upTo) => ({
    fate,
    values: bars.map((bar) => (bar[fate] === 0 ? null : topOf(bar, upTo))),
  })).reverse();
}

const topOf = (bar: Bar, upTo: number) => FATES.slice(0, upTo + 1).reduce((sum, fate) => sum + bar[fate], 0);

/** Readings by fate over all spans given. */
export function totals(spans: IngestSpan[]): Record<Fate, number> {
  const sum = (fate: Fate) => spans.reduce((all, span) => all + span[fate], 0);
  return {
    stored: sum('stored'),
    duplicate: sum('duplicate'),
    rejected: sum('rejected'),
    over_quota: sum('over_quota'),
  };
}
