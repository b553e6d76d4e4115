// When a bar begins and where the chart ends.
import { formatTick } from '../../ui/chart/ticks.ts';
import type { Span } from './spans.ts';

/** Its beginning as local time of day. */
export const clockOf = (span: Span | undefined): string => (span ? formatTick(span.at, 60) : '–');

/** The end of the last bar, in epoch seconds. @param step minutes a bar. */
export const endOf = (spans: Span[], step: number): number => (spans.at(-1)?.at ?? 0) + step * 60;
