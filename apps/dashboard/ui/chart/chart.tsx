'use client';
// A chart over time on a canvas. Whoever uses it gives a sentence and a table that say the same in words.
import { useEffect, useRef, useState } from 'react';
import 'uplot/dist/uPlot.min.css';
import type uPlot from 'uplot';
import { classes } from '../classes.ts';
import styles from './chart.module.css';
import { type ChartColours, readColours } from './colours.ts';
import { type ChartShape, optionsFor } from './options.ts';
import { useRedraw } from './use-redraw.ts';

interface Props extends ChartShape {
  /** Epoch seconds, then one column a series; null is a gap. */
  data: (number | null)[][];
  /** What the axis spans, in epoch seconds. */
  from: number;
  until: number;
  /** In words: what it shows, its range, its extremes. */
  description: string;
  /** The point under the mouse, as an index into the data; null: none. */
  onPoint?: (index: number | null) => void;
  /** Less tall. */
  small?: boolean;
}

export function Chart({ data, from, until, description, onPoint, small, ...shape }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const newest = useRef({ data, from, until, onPoint });
  newest.current = { data, from, until, onPoint };
  const [colours, setColours] = useState<ChartColours>();
  const key = JSON.stringify(shape);
  useRedraw(box, (element) => setColours(readColours(element)));

  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for the shape, whose object is new each time
  useEffect(() => {
    const element = box.current;
    if (!element || !colours) return;
    let gone = false;
    const resize = new ResizeObserver(() => plot.current?.setSize(sizeOf(element)));
    // Its 22 kB come after the page, not before it.
    import('uplot').then(({ default: UPlot }) => {
      if (gone) return;
      const point = (index: number | null) => newest.current.onPoint?.(index);
      const options = { ...optionsFor(shape, colours, UPlot, point), ...sizeOf(element) };
      plot.current = new UPlot(options, newest.current.data as uPlot.AlignedData, element);
      plot.current.setScale('x', { min: newest.current.from, max: newest.current.until });
      resize.observe(element);
    });
    return () => {
      gone = true;
      resize.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [key, colours]);

  useEffect(() => {
    plot.current?.setData(data as uPlot.AlignedData, false);
    plot.current?.setScale('x', { min: from, max: until });
  }, [data, from, until]);

  return <div ref={box} className={classes(styles.chart, small && styles.small)} role="img" aria-label={description} />;
}

const sizeOf = ({ clientWidth, clientHeight }: HTMLElement) => ({ width: clientWidth, height: clientHeight });
