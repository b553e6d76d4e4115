// Quantiles by nearest rank: always one of the values that were measured, never one between two of them.

/**
 * The least value that at least this share of all values does not exceed; NaN when there are none.
 * @param share above 0, up to 1, which gives the greatest value.
 */
export function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? Number.NaN;
}

/** Of an even number of values the lower of the two in the middle. */
export const median = (values: readonly number[]): number => quantile(values, 0.5);
