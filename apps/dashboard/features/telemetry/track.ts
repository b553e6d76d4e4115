// Where a device was: the fields that say it, and how positions become a drawing.
import type { Bucket } from './charts.ts';
import { type FieldValue, numberIn } from './fields.ts';

/** The two fields of a position. */
export interface PositionFields {
  latitude: string;
  longitude: string;
}

const LATITUDE = /(^|\.)(lat|latitude)$/i;
const LONGITUDES = ['lon', 'lng', 'long', 'longitude'];

/** The first pair, such as `lat` and `lon`, or `gps.latitude` and `gps.longitude`; undefined when the device sends none. */
export function positionFields(fields: readonly FieldValue[]): PositionFields | undefined {
  const numbers = new Map(
    fields.flatMap(({ field, value }) => (numberIn(value) === undefined ? [] : [[field.toLowerCase(), field]])),
  );
  for (const [lower, latitude] of numbers) {
    if (!LATITUDE.test(lower)) continue;
    const before = lower.replace(/lat(itude)?$/, '');
    const longitude = LONGITUDES.map((name) => numbers.get(before + name)).find((found) => found !== undefined);
    if (longitude !== undefined) return { latitude, longitude };
  }
  return undefined;
}

export interface Position {
  at: Date;
  latitude: number;
  longitude: number;
}

/** Positions from the charts of both fields, in order; what is on no globe is left out, and so is 0, 0: a receiver without a fix. */
export function positionsOf(latitudes: readonly Bucket[], longitudes: readonly Bucket[]): Position[] {
  const byTime = new Map(longitudes.map(({ bucket, average }) => [bucket, average]));
  return latitudes.flatMap(({ bucket, average: latitude }) => {
    const longitude = byTime.get(bucket);
    if (longitude === undefined || Math.abs(latitude) > 90 || Math.abs(longitude) > 180) return [];
    return latitude === 0 && longitude === 0 ? [] : [{ at: new Date(bucket), latitude, longitude }];
  });
}

const METRES_A_DEGREE = 111_320;
/** The shorter side of a drawing, in metres, where all positions are one. */
const LEAST_METRES = 50;

export interface Drawing {
  /** x and y from 0 to 1, from the upper left. */
  points: [x: number, y: number][];
  /** A round length, and what share of the width it has. */
  scale: { metres: number; share: number };
}

/** North is up. @param aspect width by height. */
export function drawTrack(positions: readonly Position[], aspect: number): Drawing {
  const middle = (values: number[]) => (Math.min(...values) + Math.max(...values)) / 2;
  const latitude = middle(positions.map((each) => each.latitude));
  const longitude = middle(positions.map((each) => each.longitude));
  const shrink = Math.cos((latitude * Math.PI) / 180);
  const metres = positions.map((each): [number, number] => [
    (each.longitude - longitude) * shrink * METRES_A_DEGREE,
    (latitude - each.latitude) * METRES_A_DEGREE,
  ]);
  const reach = (axis: 0 | 1) => Math.max(...metres.map((point) => Math.abs(point[axis])));
  const height = Math.max(2 * reach(1), (2 * reach(0)) / aspect, LEAST_METRES) * 1.15;
  const width = height * aspect;
  const power = 10 ** Math.floor(Math.log10(width / 3));
  const round = [5, 2, 1].find((each) => each * power <= width / 3) ?? 1;
  return {
    points: metres.map(([x, y]) => [0.5 + x / width, 0.5 + y / height]),
    scale: { metres: round * power, share: (round * power) / width },
  };
}
