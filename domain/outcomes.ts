// The possible outcomes of a received reading. Every reading has exactly one.

/** The names of the ledger's columns. `over_quota`: the reading exceeds its tenant's rate or daily quota, and is not stored. */
export const OUTCOMES = ['stored', 'duplicate', 'rejected', 'over_quota'] as const;
export type Outcome = (typeof OUTCOMES)[number];
