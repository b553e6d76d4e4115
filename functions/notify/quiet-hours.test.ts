// Quiet hours of a route: when they end, what they hold back, and what passes.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Outbox, startOutbox } from './testing/outbox.ts';

let outbox: Outbox;
beforeAll(async () => {
  outbox = await startOutbox();
});
afterAll(() => outbox.server.stop());
beforeEach(() => outbox.begin());

describe('quiet hours', () => {
  const after = async (at: string, from: string, until: string, zone: string) =>
    (
      await outbox.admin('select access.after_quiet($1, $2, $3, $4) as at', [at, from, until, zone])
    ).rows[0].at.toISOString();

  test.each([
    [
      'within them, after midnight',
      '2026-01-15T03:00:00Z',
      '22:00',
      '07:00',
      'Europe/Berlin',
      '2026-01-15T06:00:00.000Z',
    ],
    [
      'within them, before midnight',
      '2026-01-15T22:00:00Z',
      '22:00',
      '07:00',
      'Europe/Berlin',
      '2026-01-16T06:00:00.000Z',
    ],
    ['outside', '2026-01-15T12:00:00Z', '22:00', '07:00', 'Europe/Berlin', '2026-01-15T12:00:00.000Z'],
    ['at their end', '2026-01-15T06:00:00Z', '22:00', '07:00', 'Europe/Berlin', '2026-01-15T06:00:00.000Z'],
    [
      'in a night with an hour less',
      '2026-03-29T00:30:00Z',
      '22:00',
      '07:00',
      'Europe/Berlin',
      '2026-03-29T05:00:00.000Z',
    ],
    [
      'in a night with an hour more',
      '2026-10-25T00:30:00Z',
      '22:00',
      '07:00',
      'Europe/Berlin',
      '2026-10-25T06:00:00.000Z',
    ],
    [
      'that end at a time that does not exist',
      '2026-03-29T00:30:00Z',
      '22:00',
      '02:30',
      'Europe/Berlin',
      '2026-03-29T01:30:00.000Z',
    ],
    ['of one day', '2026-01-15T12:30:00Z', '12:00', '13:00', 'Asia/Kolkata', '2026-01-15T12:30:00.000Z'],
    ['of one day, there', '2026-01-15T07:00:00Z', '12:00', '13:00', 'Asia/Kolkata', '2026-01-15T07:30:00.000Z'],
  ])('%s', async (_, at, from, until, zone, expected) => {
    expect(await after(at, from, until, zone)).toBe(expected);
  });

  test('end when the clock there says so, at any time of two years and never in the past', async () => {
    const { rows } = await outbox.admin(`
      select at, due, zone, quiet from (
        select at, zone, quiet, access.after_quiet(at, quiet, time '06:45', zone) as due
        from generate_series(timestamptz '2026-01-01', '2027-12-31', '7 hours 13 minutes') as at,
          unnest(array['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia']) as zone,
          unnest(array[time '21:30', time '01:15']) as quiet) as x
      where due < at or due > at + interval '11 hours'
        or (due > at and (due at time zone zone)::time <> '06:45')
        or (case when quiet > time '06:45' then (due at time zone zone)::time >= quiet or (due at time zone zone)::time < '06:45'
            else (due at time zone zone)::time >= quiet and (due at time zone zone)::time < '06:45' end)`);
    expect(rows).toEqual([]);
  });

  /** The time of the day this number of minutes from now, UTC. */
  const minutes = (n: number) => new Date(Date.now() + n * 60_000).toISOString().slice(11, 19);
  /** Quiet whenever the test runs, also over midnight. */
  const NOW_QUIET = { quiet_from: minutes(-60), quiet_until: minutes(720), time_zone: 'UTC' };

  test('of one route hold nothing back that another route tells the channel', async () => {
    // One that is planned before it, and one after it.
    await outbox.addRoute({ ...NOW_QUIET, id: '00000000-0000-4000-8000-000000000000', after_minutes: 1 });
    await outbox.addRoute({ after_minutes: 1 });
    await outbox.addRoute({ ...NOW_QUIET, id: 'ffffffff-ffff-4fff-bfff-ffffffffffff', after_minutes: 1 });
    await outbox.open();
    expect(await outbox.lines()).toEqual(['escalated 1 waiting 1']);
  });

  test('gather what happens into one digest at their end', async () => {
    await outbox.addRoute(NOW_QUIET);
    const alert = await outbox.open();
    await outbox.open(outbox.world.a.spareDevice);
    await outbox.resolve(alert);
    expect(await outbox.lines()).toEqual([expect.stringMatching(/^digest 0 waiting \d+$/)]);
    expect(await outbox.claim()).toEqual([]);
    await outbox.passTime('1 day');
    const [item] = await outbox.claim();
    expect(item.content).toMatchObject({
      opened: 2,
      resolved: 1,
      open: 1,
      unacknowledged: 1,
      newest: [{ device: expect.any(String) }, {}],
    });
    // A later attempt tells the same.
    await outbox.finish(item, 'down');
    await outbox.open();
    await outbox.passTime('1 hour');
    await outbox.admin('update ingest.channel_states set retry_at = null');
    expect((await outbox.claim()).find(({ id }) => id === item.id).content).toEqual(item.content);
  });

  test('are kept by a digest that would be due in them', async () => {
    await outbox.addRoute({ digest_above: 1, quiet_from: minutes(30), quiet_until: minutes(120), time_zone: 'UTC' });
    await outbox.resolve(await outbox.open());
    expect(await outbox.lines()).toEqual(['opened 0 waiting 0', expect.stringMatching(/^digest 0 waiting (119|120)$/)]);
  });

  test('let what is critical pass, if the route says so', async () => {
    await outbox.admin("update public.alert_rules set severity = 'critical'");
    await outbox.addRoute(NOW_QUIET);
    outbox.channel = await outbox.addChannel('other.example.com');
    await outbox.addRoute({ ...NOW_QUIET, critical_passes: false });
    await outbox.open();
    expect(await outbox.lines()).toEqual(['opened 0 waiting 0', expect.stringMatching(/^digest/)]);
  });
});
