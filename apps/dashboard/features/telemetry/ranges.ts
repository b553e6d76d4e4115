// The spans of time a chart can show.

export const RANGES = [
  { value: '15m', label: '15 min', words: 'the last 15 minutes', seconds: 900 },
  { value: '1h', label: '1 h', words: 'the last hour', seconds: 3600 },
  { value: '6h', label: '6 h', words: 'the last 6 hours', seconds: 6 * 3600 },
  { value: '24h', label: '24 h', words: 'the last 24 hours', seconds: 24 * 3600 },
  { value: '7d', label: '7 days', words: 'the last 7 days', seconds: 7 * 24 * 3600 },
] as const;

export type Range = (typeof RANGES)[number];
export type RangeName = Range['value'];

export const rangeOf = (name: RangeName): Range => RANGES.find(({ value }) => value === name) as Range;
