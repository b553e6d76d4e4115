import { expect, it } from 'vitest';
import type { Facts } from '../daily/facts.ts';
import { advise, type Setup } from './advice.ts';
import { machine, TIMER, WORKER } from './sizes.ts';

const MB = 1e6;
const DAYS = 30;

/** What a month told of `devices` that sent a message a minute. */
function facts(devices: number, { busiest = devices, bytes = 100 * MB, bytesPerDay = 0 } = {}): Facts {
  const received = devices * DAYS * 24 * 60;
  const readings = { received, stored: received, rejected: 0, overQuota: 0, residual: 0 };
  return {
    devices,
    readings,
    busiestMinute: busiest,
    uses: [{ ...readings, id: '', tenant: 'acme', bytes: received * 136 }],
    database: { bytes, telemetryBytes: bytes, bytesPerDay, isReadOnly: false },
  } as Facts;
}

const STACK: Setup = {
  broker: machine('Standard_B1s'),
  ingest: TIMER,
  outageHours: 8,
  room: 500 * MB,
  isSupabase: true,
};
const of = (what: string, found: Facts, setup: Setup = STACK) =>
  advise(found, setup, DAYS).find((advice) => advice.what === what);

it('says of each part how much is in use, until when it is enough, and what comes then', () => {
  const [database, ingest, broker] = advise(facts(100), STACK, DAYS);
  expect(database).toEqual({
    what: 'database',
    advice: 'stay',
    why: '100 MB of 500 MB, not full for years; then Supabase Micro, about 25 USD a month',
  });
  expect(ingest).toEqual({
    what: 'ingest',
    advice: 'stay',
    why: expect.stringMatching(
      /^busiest minute 100 readings, 7 % of the time of the timer; enough until 28,\d{3} devices like these, then a worker on Standard_B2als_v2$/,
    ),
  });
  expect(broker).toEqual({
    what: 'broker',
    advice: 'stay',
    why: expect.stringMatching(
      /^\d\d % of the (memory|queue) of Standard_B1s; enough until \d{3} devices like these, then Standard_B2als_v2$/,
    ),
  });
});

it('advises a larger machine when its queue could not last as long as it should, and not before', () => {
  expect(of('broker', facts(1500))).toMatchObject({
    advice: 'grow',
    why: expect.stringContaining('then Standard_B2als_v2'),
  });
  expect(of('broker', facts(1500), { ...STACK, outageHours: 1 })).toMatchObject({ advice: 'stay' });
  const few = { ...STACK, broker: machine('Standard_B2as_v2', 2000), outageHours: 1 };
  expect(of('broker', facts(1500), few)).toMatchObject({
    advice: 'grow',
    why: '75 % of the connections of Standard_B2as_v2; enough until 1,400 devices like these, then a larger brokerMaxConnections',
  });
  // A machine of somebody's own: its memory is not known.
  const { broker: _, ...own } = STACK;
  expect(of('broker', facts(1500), own)).toBeUndefined();
});

it('judges ingest by its busiest minute, and a worker by its processor time', () => {
  expect(of('ingest', facts(100, { busiest: 35_000 }))).toMatchObject({ advice: 'grow' });
  expect(of('ingest', facts(100, { busiest: 35_000 }), { ...STACK, ingest: WORKER })).toMatchObject({ advice: 'stay' });
});

it.each([
  ['by what is in use', { bytes: 360 * MB }, 'grow'],
  ['by the days that are left', { bytes: 100 * MB, bytesPerDay: 5 * MB }, 'grow'],
  ['else not', { bytes: 100 * MB, bytesPerDay: 1 * MB }, 'stay'],
])('judges the database as it is, not as the model has it: %s', (_, database, advice) => {
  expect(of('database', facts(100, database))).toMatchObject({ advice });
  expect(of('database', facts(100, database), { ...STACK, room: undefined })).toMatchObject({ advice: 'stay' });
});

it('knows a platform without a device', () => {
  expect(advise(facts(0), STACK, DAYS).map(({ advice }) => advice)).toEqual(['stay', 'stay', 'stay']);
});
