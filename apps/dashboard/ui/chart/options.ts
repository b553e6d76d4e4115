// What a chart looks like, in uPlot's terms.
import type uPlot from 'uplot';
import { formatNumber } from '../format.ts';
import { type ChartColours, type ChartTone, faded } from './colours.ts';
import { formatTick } from './ticks.ts';

export interface ChartSeries {
  label: string;
  tone: ChartTone;
  /** `line` (default), `faint` for the edges of a band, `bars` from zero. */
  kind?: 'line' | 'faint' | 'bars';
}

export interface ChartShape {
  series: ChartSeries[];
  /** Fills between two series, by their places in `series`: upper, lower. */
  band?: [upper: number, lower: number];
  /** The vertical axis begins at zero. Default: where the data does. */
  fromZero?: boolean;
  /** A horizontal line, such as a rule's threshold. */
  mark?: number | undefined;
}

export function optionsFor(
  { series, band, fromZero, mark }: ChartShape,
  colours: ChartColours,
  UPlot: typeof uPlot,
  onPoint: (index: number | null) => void,
): Omit<uPlot.Options, 'width' | 'height'> {
  const axis = { stroke: colours['text-muted'], font: colours.font, ticks: { show: false } };
  const grid = { stroke: colours.line, width: 1 };
  const [upper, lower] = band ?? [];
  return {
    legend: { show: false },
    padding: [10, 20, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7, width: 2 } },
    series: [{}, ...series.map((each) => drawn(each, colours, UPlot))],
    bands:
      upper === undefined || lower === undefined
        ? []
        : [{ series: [upper + 1, lower + 1], fill: faded(colours[series[upper]?.tone ?? 'blue'], 0.16) }],
    scales: { y: { range: (_, min, max) => span(min, max, fromZero, mark) } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 26,
        space: 64,
        values: (_, ticks, __, ___, step) => ticks.map((at) => formatTick(at, step)),
      },
      {
        ...axis,
        grid,
        space: 36,
        size: (_, values) => 14 + 6.5 * Math.max(0, ...(values ?? []).map(({ length }) => length)),
        values: (_, ticks) => ticks.map(formatNumber),
      },
    ],
    hooks: {
      setCursor: [({ cursor }) => onPoint(cursor.idx ?? null)],
      draw: mark === undefined ? [] : [(plot) => drawMark(plot, mark, colours.red)],
    },
  };
}

function drawn({ label, tone, kind = 'line' }: ChartSeries, colours: ChartColours, UPlot: typeof uPlot): uPlot.Series {
  const colour = colours[tone];
  if (kind === 'bars') {
    const paths = UPlot.paths.bars?.({ size: [0.8, 18], align: 1, radius: 0.1 });
    return { label, fill: colour, stroke: colour, width: 0, points: { show: false }, ...(paths && { paths }) };
  }
  const isFaint = kind === 'faint';
  const points = isFaint ? { show: false } : { size: 5, fill: colour, width: 0, filter: lonely };
  return { label, stroke: isFaint ? faded(colour, 0) : colour, width: isFaint ? 0 : 1.75, points };
}

/** Only points between two gaps: no line shows them. */
function lonely({ data }: uPlot, series: number): number[] {
  const values = data[series] ?? [];
  const isThere = (index: number) => values[index] != null;
  return [...values.keys()].filter((index) => isThere(index) && !isThere(index - 1) && !isThere(index + 1));
}

/** Room above and below, so that a line never lies on the edge, and a constant one is in the middle. */
function span(
  min: number | null,
  max: number | null,
  fromZero: boolean | undefined,
  mark: number | undefined,
): [number, number] {
  if (min === null || max === null) return [0, 1];
  let [low, high] = [Math.min(min, mark ?? min), Math.max(max, mark ?? max)];
  if (fromZero) return [0, high === 0 ? 1 : high * 1.1];
  const room = (high - low) * 0.12 || Math.max(Math.abs(high) * 0.05, 0.5);
  [low, high] = [low - room, high + room];
  return [low, high];
}

function drawMark({ ctx, bbox, valToPos }: uPlot, mark: number, colour: string): void {
  const y = valToPos(mark, 'y', true);
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}
