// A chart's lines, bands and bars as SVG paths, in a square that the browser stretches to the chart's size.

/** Length of the square's sides. */
export const SIDE = 1000;

/** Values over time; null is a gap. */
export type Values = readonly (number | null)[];

/** Where an instant and a value are in the square. */
export interface Scale {
  x: (at: number) => number;
  y: (value: number) => number;
}

/** @param from @param until of the time axis, in epoch seconds. */
export function scaleOf(from: number, until: number, [low, high]: readonly [low: number, high: number]): Scale {
  // A tenth of a unit is less than a tenth of a pixel.
  const place = (share: number) => Math.round(share * SIDE * 10) / 10;
  // Halved: the difference of the largest numbers is infinite.
  const height = high / 2 - low / 2;
  return { x: (at) => place((at - from) / (until - from)), y: (value) => place((high / 2 - value / 2) / height) };
}

/** A value axis with room above and below, so that no line lies on the edge and a constant one is in the middle. */
export function rangeOf(columns: readonly Values[], fromZero: boolean): [low: number, high: number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const column of columns) {
    for (const value of column) {
      if (value === null) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (low > high) return [0, 1];
  if (fromZero) return [0, high === 0 ? 1 : high * 1.1];
  const room = (high / 2 - low / 2) * 0.24 || Math.max(Math.abs(high) * 0.05, 0.5);
  return [Math.max(low - room, -Number.MAX_VALUE), Math.min(high + room, Number.MAX_VALUE)];
}

/** The line through the values, broken at gaps. */
export function linePath(times: readonly number[], values: Values, { x, y }: Scale): string {
  return runs(values)
    .map((run) => `M${run.map((index) => `${x(times[index] as number)} ${y(values[index] as number)}`).join('L')}`)
    .join('');
}

/** The same in steps: a value holds until the next one. */
export function stepPath(times: readonly number[], values: Values, { x, y }: Scale): string {
  return runs(values)
    .map(([first = 0, ...rest]) => {
      const next = rest.map((index) => `H${x(times[index] as number)}V${y(values[index] as number)}`);
      return `M${x(times[first] as number)} ${y(values[first] as number)}${next.join('')}`;
    })
    .join('');
}

/** A dot for each value between two gaps, which no line shows: lines of no length, whose ends are round. */
export function dotsPath(times: readonly number[], values: Values, { x, y }: Scale): string {
  return runs(values)
    .filter(({ length }) => length === 1)
    .map(([index = 0]) => `M${x(times[index] as number)} ${y(values[index] as number)}h0`)
    .join('');
}

/** The area between two columns, which have the same gaps. */
export function bandPath(times: readonly number[], low: Values, high: Values, { x, y }: Scale): string {
  const point = (values: Values) => (index: number) => `${x(times[index] as number)} ${y(values[index] as number)}`;
  return runs(high)
    .map((run) => `M${[...run.map(point(high)), ...run.reverse().map(point(low))].join('L')}Z`)
    .join('');
}

/** A bar from zero for each value. @param seconds a bar stands for, beginning at its time. */
export function barsPath(times: readonly number[], values: Values, { x, y }: Scale, seconds: number): string {
  const bottom = y(0);
  return runs(values)
    .flat()
    .map((index) => {
      const at = times[index] as number;
      return `M${x(at)} ${bottom}V${y(values[index] as number)}H${x(at + seconds * 0.8)}V${bottom}Z`;
    })
    .join('');
}

/** The places of values that follow one another without a gap. */
function runs(values: Values): number[][] {
  const found: number[][] = [];
  for (const [index, value] of values.entries()) {
    if (value === null) continue;
    if (index > 0 && values[index - 1] !== null) found.at(-1)?.push(index);
    else found.push([index]);
  }
  return found;
}
