// From the ledger's spans to a chart's bars.
import { OUTCOMES, type Outcome } from '../../../../domain/outcomes.ts';
import type { IngestSpan } from './ingest.ts';

/** One bar: readings a minute. */
export interface Bar extends Record<Outcome, number> {
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
 * Columns of a stacked chart: the stack's tops, from the whole, which is drawn first, down to the first outcome alone. Null
 * where an outcome has no part: what is drawn behind another bar shines through at its edges.
 */
export function stackColumns(bars: Bar[]): { outcome: Outcome; values: (number | null)[] }[] {
  return OUTCOMES.map((outcome, upTo) => ({
    outcome,
    values: bars.map((bar) => (bar[outcome] === 0 ? null : topOf(bar, upTo))),
  })).reverse();
}

const topOf = (bar: Bar, upTo: number) => OUTCOMES.slice(0, upTo + 1).reduce((sum, outcome) => sum + bar[outcome], 0);

/** Readings by outcome over all spans given. */
export function totals(spans: IngestSpan[]): Record<Outcome, number> {
  const sum = (outcome: Outcome) => spans.reduce((all, span) => all + span[outcome], 0);
  return {
    stored: sum('stored'),
    duplicate: sum('duplicate'),
    rejected: sum('rejected'),
    over_quota: sum('over_quota'),
  };
}
