// One line that says what ingest did: the members operators query and alert on.

import { addTallies, busiest, type Tallies, type Tally, totalOf } from './accounting.ts';
import type { Written } from './store.ts';

/** What was done since the last line. */
export interface Summary extends Tally {
  batches: number;
  /** Batches that were written a second way, because of a duplicate or a bad row. */
  carefulBatches: number;
  /** Longest time from a batch's first write attempt to its acknowledgement, in milliseconds. */
  slowestBatchMs: number;
  /** The busiest tenants, at most 20. */
  tenants: Record<string, Tally>;
}

const MOST_TENANTS = 20;

/** Collects committed batches and hands out their sum. */
export function createSummary(): { add(written: Written, durationMs: number): void; take(): Summary } {
  let tallies: Tallies = new Map();
  let batches = 0;
  let carefulBatches = 0;
  let slowest = 0;
  return {
    add: (written, durationMs) => {
      addTallies(tallies, written.tallies);
      batches += 1;
      carefulBatches += written.careful ? 1 : 0;
      slowest = Math.max(slowest, durationMs);
    },
    take: () => {
      const summary = {
        ...totalOf(tallies),
        ...{ batches, carefulBatches, slowestBatchMs: Math.round(slowest), tenants: busiest(tallies, MOST_TENANTS) },
      };
      tallies = new Map();
      batches = 0;
      carefulBatches = 0;
      slowest = 0;
      return summary;
    },
  };
}
