// A measured point beside what the model says of it.
import { COEFFICIENTS, type Coefficients, SOURCED } from '../../ops/scale/coefficients.ts';
import { type Demand, demandOf, type Load, usualLoad } from '../../ops/scale/demand.ts';

/** How far a prediction may be from what was measured. */
const MOST_OFF = 0.2;

/** What was measured at a load, and which number of the model it is. */
export interface Point {
  what: string;
  load: Partial<Load>;
  of: (demand: Demand) => number;
  /** Numbers that were different here, such as the time since a checkpoint. */
  with?: Partial<Coefficients>;
  measured: number;
}

/** The straight line that is nearest to all of them, by least squares; through two points, the one through both. */
export function line(...points: readonly (readonly [x: number, y: number])[]) {
  const mean = (axis: 0 | 1) => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const sum = (of: (point: readonly [number, number]) => number) => points.reduce((all, point) => all + of(point), 0);
  const slope = sum((point) => (point[0] - x) * (point[1] - y)) / sum((point) => (point[0] - x) ** 2);
  return { slope, at0: y - slope * x };
}

/** Prints the fitted numbers beside the committed ones. */
export function printFit(fitted: Partial<Coefficients>): void {
  for (const [name, value] of Object.entries(fitted) as [keyof Coefficients, number][]) {
    const digits = (number: number) => Number(number.toPrecision(3));
    console.log(
      `  ${name.padEnd(24)}${String(digits(value)).padStart(12)}  (committed ${digits(COEFFICIENTS[name])}) ${SOURCED[name].unit}`,
    );
  }
}

/** Prints predicted and measured; exit code 1 when one is further off than the model promises. */
export function compare(points: readonly Point[], fitted: Partial<Coefficients>): void {
  for (const { what, load, of, measured, with: other } of points) {
    const predicted = of(
      demandOf({ ...usualLoad(0), dashboards: 0, outageHours: 0, ...load }, { ...COEFFICIENTS, ...fitted, ...other }),
    );
    const ratio = predicted / measured;
    const isOff = !(Math.abs(ratio - 1) <= MOST_OFF);
    console.log(`  ${what.padEnd(52)} predicted/measured ${ratio.toFixed(2)}${isOff ? '  TOO FAR' : ''}`);
    if (isOff) process.exitCode = 1;
  }
}
