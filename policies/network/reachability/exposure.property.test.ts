// Random groups of rules: the evaluator's verdict against the packet-by-packet oracle's. The long run is long-run.ts.
import { expect, test } from 'vitest';
import { checkAgreement } from './agreement.ts';

test('the verdict is the oracle’s, and every witness is a forbidden packet that its rule lets through', () => {
  const { exposed, safe } = checkAgreement(1000);
  // Both kinds must have been tried, or the property says little.
  expect(Math.min(exposed, safe)).toBeGreaterThan(100);
}, 120_000);
