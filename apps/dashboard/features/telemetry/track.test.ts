import { expect, test } from 'vitest';
import { drawTrack, positionFields, positionsOf } from './track.ts';

test.each([
  [{ lat: 1, lon: 2 }, 'lat', 'lon'],
  [{ 'gps.Latitude': 1, 'gps.Longitude': '2' }, 'gps.Latitude', 'gps.Longitude'],
  [{ lat: 1, 'gps.lon': 2 }, undefined, undefined],
  [{ lat: 'north', lng: 2 }, undefined, undefined],
  [{ plat: 1, plon: 2 }, undefined, undefined],
])('the fields of a position in %j', (values, latitude, longitude) => {
  const fields = Object.entries(values).map(([field, value]) => ({ field, value }));
  expect(positionFields(fields)).toEqual(latitude && { latitude, longitude });
});

const bucket = (minute: number, average: number) => ({
  bucket: new Date(minute * 60_000).toISOString(),
  minimum: average,
  average,
  maximum: average,
  readings: 1,
});

test('positions are where both are, on the globe', () => {
  const latitudes = [bucket(0, -6.2), bucket(1, 91), bucket(2, 0), bucket(3, 1)];
  const longitudes = [bucket(0, 106.8), bucket(1, 0), bucket(2, 0)];
  expect(positionsOf(latitudes, longitudes)).toEqual([{ at: new Date(0), latitude: -6.2, longitude: 106.8 }]);
});

test('a track is drawn to scale, north up', () => {
  const at = new Date(0);
  const { points, scale } = drawTrack(
    [
      { at, latitude: 60, longitude: 10 },
      { at, latitude: 60.01, longitude: 10.02 },
    ],
    2,
  );
  const [[x1, y1], [x2, y2]] = points as [[number, number], [number, number]];
  expect(y1).toBeGreaterThan(y2);
  // At 60 degrees a degree of longitude is half as long.
  expect(((x2 - x1) * 2) / (y1 - y2)).toBeCloseTo(1, 2);
  expect((scale.metres / scale.share) * (x2 - x1)).toBeCloseTo(1113, -1);
  expect(drawTrack([{ at, latitude: 1, longitude: 1 }], 2).points).toEqual([[0.5, 0.5]]);
});
