// What can become of a reading that was received. Together the outcomes account for all of them.

/** As the ledger's columns are called. `over_quota`: it exceeds its tenant's rate or daily quota, and is not stored. */
export const OUTCOMES = ['stored', 'duplicate', 'rejected', 'over_quota'] as const;
export type Outcome = (typeof OUTCOMES)[number];
