'use client';
// A chart over time. The page that uses it gives a sentence and a table that say the same in words.
// It is SVG that the browser stretches with the page and draws in the theme's colours, so nothing is measured, and nothing
// is redrawn for another width or theme. (A library was used before: reading its script and making its formatters
// stopped a slow phone for 200 ms and more.)
import { type PointerEvent, useState } from 'react';
import { classes } from '../classes.ts';
import { formatNumber } from '../format.ts';
import styles from './chart.module.css';
import { bandPath, barsPath, dotsPath, linePath, rangeOf, SIDE, scaleOf, stepPath, type Values } from './paths.ts';
import { timeTicks, valueTicks } from './ticks.ts';
import tones from './tones.module.css';

/** Tones a series can have: the tokens `--chart-…`. */
export type ChartTone = 'blue' | 'amber' | 'red' | 'violet';

interface Column {
  tone: ChartTone;
  values: Values;
}

interface Props {
  /** Epoch seconds, in order; the columns have a value for each. */
  times: readonly number[];
  lines?: readonly Column[];
  /** A line with times and an axis of its own, on the right. */
  second?: { tone: ChartTone; times: readonly number[]; values: Values } | undefined;
  /** Lines are steps: a value holds until the next one. */
  steps?: boolean;
  /** Called with the span that was dragged over, in epoch seconds. */
  onZoom?: ((from: number, until: number) => void) | undefined;
  /** From zero; a later column is drawn over an earlier one. */
  bars?: readonly Column[];
  /** The area between two columns. */
  band?: { tone: ChartTone; low: Values; high: Values };
  /** The value axis begins at zero. Default: where the data does. */
  fromZero?: boolean;
  /** What the time axis spans, in epoch seconds. */
  from: number;
  until: number;
  /** In words: what it shows, its range, its extremes. */
  description: string;
  /** The point under the mouse or finger, as an index into the times; null: none. */
  onPoint: (index: number | null) => void;
  /** Less tall. */
  small?: boolean;
}

const MOST_TIMES = 10;

export function Chart({
  times,
  lines = [],
  bars = [],
  band,
  fromZero = false,
  from,
  until,
  description,
  onPoint,
  small,
  second,
  steps = false,
  onZoom,
}: Props) {
  const [point, setPoint] = useState<number | null>(null);
  const [dragged, setDragged] = useState<[start: number, end: number]>();
  const columns = [...bars, ...lines];
  const range = rangeOf([...columns.map(({ values }) => values), ...(band ? [band.low, band.high] : [])], fromZero);
  const scale = scaleOf(from, until, range);
  const barSeconds = (until - from) / times.length;
  const values = valueTicks(...range, small ? 3 : 6);
  const choose = (index: number | null) => {
    if (index === point) return;
    setPoint(index);
    onPoint(index);
  };
  const secondRange = second && rangeOf([second.values], false);
  const secondScale = secondRange && scaleOf(from, until, secondRange);
  const timeAt = ({ currentTarget, clientX }: PointerEvent) => {
    const { left, width } = currentTarget.getBoundingClientRect();
    return Math.min(until, Math.max(from, from + ((clientX - left) / width) * (until - from)));
  };
  const follow = (event: PointerEvent) => {
    const at = timeAt(event);
    choose(nearest(times, bars.length > 0 ? at - barSeconds / 2 : at));
    if (dragged) setDragged([dragged[0], at]);
  };
  const start = (event: PointerEvent) => {
    follow(event);
    if (!onZoom || event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    setDragged([timeAt(event), timeAt(event)]);
  };
  const end = () => {
    if (!dragged) return;
    const [one, other] = dragged[0] < dragged[1] ? dragged : [dragged[1], dragged[0]];
    setDragged(undefined);
    // Less is a click.
    if (other - one > (until - from) / 50) onZoom?.(one, other);
  };
  const path = steps ? stepPath : linePath;
  const pointed = point === null ? undefined : times[point];
  return (
    <div
      className={classes(styles.chart, small && styles.small, onZoom && styles.zooming)}
      role="img"
      aria-label={description}
    >
      <div className={styles.values}>
        {values.map((value) => (
          <span key={value} style={{ top: percent(scale.y(value)) }}>
            {formatNumber(value)}
          </span>
        ))}
      </div>
      <svg
        className={styles.plot}
        viewBox={`0 0 ${SIDE} ${SIDE}`}
        preserveAspectRatio="none"
        aria-hidden
        onPointerMove={follow}
        onPointerDown={start}
        onPointerUp={end}
        onPointerCancel={() => setDragged(undefined)}
        onPointerLeave={() => choose(null)}
      >
        <path className={styles.grid} d={values.map((value) => `M0 ${scale.y(value)}h${SIDE}`).join('')} />
        {band && (
          <path className={classes(styles.band, tones[band.tone])} d={bandPath(times, band.low, band.high, scale)} />
        )}
        {bars.map(({ tone, values }) => (
          <path
            key={tone}
            className={classes(styles.bars, tones[tone])}
            d={barsPath(times, values, scale, barSeconds)}
          />
        ))}
        {lines.map(({ tone, values }) => (
          <path key={tone} className={classes(styles.line, tones[tone])} d={path(times, values, scale)} />
        ))}
        {second && secondScale && (
          <>
            <path
              className={classes(styles.line, tones[second.tone])}
              d={linePath(second.times, second.values, secondScale)}
            />
            <path
              className={classes(styles.dots, tones[second.tone])}
              d={dotsPath(second.times, second.values, secondScale)}
            />
          </>
        )}
        {lines.map(({ tone, values }) => (
          <path key={tone} className={classes(styles.dots, tones[tone])} d={dotsPath(times, values, scale)} />
        ))}
        {dragged && (
          <path
            className={styles.dragged}
            d={`M${scale.x(dragged[0])} 0H${scale.x(dragged[1])}V${SIDE}H${scale.x(dragged[0])}Z`}
          />
        )}
        {pointed !== undefined && (
          <path
            className={styles.pointer}
            d={`M${scale.x(bars.length > 0 ? pointed + barSeconds * 0.4 : pointed)} 0v${SIDE}`}
          />
        )}
        {pointed !== undefined &&
          lines.map(({ tone, values }) => (
            <path
              key={tone}
              className={classes(styles.dots, styles.chosen, tones[tone])}
              d={dotsPath([pointed], [values[point as number] ?? null], scale)}
            />
          ))}
      </svg>
      {second && secondRange && secondScale && (
        <div className={classes(styles.values, styles.right)}>
          {valueTicks(...secondRange, small ? 3 : 6).map((value) => (
            <span key={value} style={{ top: percent(secondScale.y(value)) }}>
              {formatNumber(value)}
            </span>
          ))}
        </div>
      )}
      <div className={styles.times}>
        {timeTicks(from, until, MOST_TIMES).map(({ at, text, isExtra }) => (
          <span key={at} className={classes(isExtra && styles.extra)} style={{ left: percent(scale.x(at)) }}>
            {text}
          </span>
        ))}
      </div>
    </div>
  );
}

const percent = (place: number) => `${(100 * place) / SIDE}%`;

/** The index of the time next to this one; null when there is none. */
export function nearest(times: readonly number[], at: number): number | null {
  let found: number | null = null;
  for (const [index, time] of times.entries()) {
    if (found === null || Math.abs(time - at) < Math.abs((times[found] as number) - at)) found = index;
  }
  return found;
}
