// When a bar begins and where the chart ends.
import { formatTick } from '../../ui/chart/ticks.ts';
import type { Bar } from './spans.ts';

/** Its beginning as local time of day. */
export const clockOf = (bar: Bar | undefined): string => (bar ? formatTick(bar.at, 60) : '–');

/** The end of the last bar, in epoch seconds. @param step minutes a bar. */
export const endOf = (bars: Bar[], step: number): number => (bars.at(-1)?.at ?? 0) + step * 60;
