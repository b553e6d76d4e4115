import { expect, test } from 'vitest';
import { fieldsOf, newestOf, numberAt, numberIn } from './fields.ts';

test('a number, as itself, as text or as a boolean', () => {
  expect([1.5, '1.5', '-2e3', true, false].map(numberIn)).toEqual([1.5, 1.5, -2000, 1, 0]);
  for (const none of ['', '1.5 C', '0x10', 'Infinity', '1e99x', 1e308, Number.NaN, null, [], {}])
    expect(numberIn(none)).toBeUndefined();
});

test('a field is found by its name, then by its path', () => {
  const payload = { a: { b: { c: '7' } }, 'x.y': 1, x: { y: 2 }, list: [{ v: 3 }], '': 4 };
  const fields = ['a.b.c', 'x.y', 'list.0.v', '', 'a', 'a.b.c.d', '__proto__', 'constructor.name'];
  expect(fields.map((field) => numberAt(payload, field))).toEqual([7, 1, 3, 4, ...Array(4).fill(undefined)]);
});

test('all fields of a reading, each once', () => {
  const payload = {
    id: 'm',
    ts: 1,
    t: 1,
    'x.y': 2,
    x: { y: 3, z: null },
    gps: [1, 2],
    deep: { a: { b: { c: 1 } } },
    none: {},
  };
  expect(fieldsOf(payload)).toEqual([
    { field: 't', value: 1 },
    { field: 'x.y', value: 2 },
    { field: 'x.z', value: null },
    { field: 'gps.0', value: 1 },
    { field: 'gps.1', value: 2 },
    { field: 'deep.a.b', value: { c: 1 } },
    { field: 'none', value: {} },
  ]);
  expect(fieldsOf([1])).toEqual([]);
  expect(fieldsOf({ long: Array(17).fill(0) })).toHaveLength(1);
});

test('the newest value of each field, from the note and the readings', () => {
  const received_at = new Date(5000).toISOString();
  const readings = [
    { received_at, payload: { t: 2, on: true } },
    { received_at: new Date(4000).toISOString(), payload: { t: 1, f10: 1, f2: 'open' } },
  ];
  expect(newestOf({ t: [1, 0, 4000], at: [{ lat: 1 }, 0, 3000], on: [false, 0, 6000] }, readings)).toEqual([
    { field: 'at.lat', value: 1, at: 3000 },
    { field: 'f2', value: 'open', at: 4000 },
    { field: 'f10', value: 1, at: 4000 },
    { field: 'on', value: false, at: 6000 },
    { field: 't', value: 2, at: 5000 },
  ]);
});
