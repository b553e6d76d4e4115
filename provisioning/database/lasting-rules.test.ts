// Rules that hold for a duration, on tags, text and two conditions: what opens and resolves their alerts, by hand and against an oracle.
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { generateKey } from '../../domain/credentials.ts';
import { evaluateAlerts } from '../../functions/alerts/evaluate.ts';
import { openDatabase } from '../../functions/database/connection.ts';
import { readPeriodicSettings } from '../../functions/settings/periodic.ts';
import { roleUrl } from '../../lab/postgres.ts';
import { setLogin } from './login.ts';
import {
  addRule,
  alerts,
  BOTH,
  base,
  database,
  judge,
  lastingRulesOfFile,
  messages,
  minuteOf,
  OPEN,
  read,
  tenant,
  tryRule,
  WARM,
} from './testing/lasting-rules.ts';

lastingRulesOfFile();

describe('a duration', () => {
  it('opens when every reading in it breaks the rule, and the first that does not resolves it', async () => {
    await addRule(WARM);
    await judge(0);
    for (const [minute, t] of [
      [1, 9],
      [4, 7],
      [5, 9],
      [9, 10],
      [14, 8.5],
    ] as const)
      await read(minute, { t });
    expect(await judge(14.9)).toBe(0);
    expect(await judge(15)).toBe(1);
    expect(await judge(20)).toBe(0);
    expect(await alerts()).toEqual([['a', 15, null]]);
    expect(await messages()).toEqual(['t was above 8 for 10 minutes, at last 8.5']);
    await read(21, { t: 8 });
    expect(await judge(22)).toBe(1);
    expect(await alerts()).toEqual([['a', 15, 22]]);
    expect((await tryRule(WARM)).at).toEqual([15]);
  });

  it('goes on in silence, and over readings without the field', async () => {
    await addRule(WARM);
    await judge(0);
    await read(1, { t: 9 });
    await read(3, { u: 1 });
    expect(await judge(11)).toBe(1);
    expect(await judge(90)).toBe(0);
    expect(await alerts()).toEqual([['a', 11, null]]);
  });

  it('that began and ended since the last look opens and resolves an alert; shorter ones do not', async () => {
    await addRule(WARM);
    await judge(0);
    for (const [minute, t] of [
      [1, 9],
      [13, 7],
      [20, 9],
      [29, 7],
    ] as const)
      await read(minute, { t });
    expect(await judge(30)).toBe(2);
    expect(await alerts()).toEqual([['a', 11, 30]]);
    expect((await tryRule(WARM)).at).toEqual([11]);
  });

  it('is not begun or ended by a late reading from before it, nor by one that is judged twice', async () => {
    const id = await addRule(WARM);
    await judge(0);
    await read(5, { t: 7 });
    await read(6, { t: 9 });
    await judge(7);
    await read(4, { t: 7 });
    await read(3, { t: 9 });
    expect(await judge(16)).toBe(1);
    expect(await alerts()).toEqual([['a', 16, null]]);
    await read(17, { t: 7 });
    expect(await judge(18)).toBe(1);
    // As when an older transaction is still open.
    await database.admin.query("update public.alert_rule_progress set cursor = '3' where rule_id = $1", [id]);
    expect(await judge(19)).toBe(0);
    expect(await alerts()).toEqual([['a', 16, 18]]);
  });

  it('is not begun or ended by a reading from before the newest one that was judged', async () => {
    const warm = await addRule(WARM);
    const open = await addRule(OPEN);
    await judge(0);
    await read(1, { t: 9, door: 'shut' });
    await read(6, { t: 9, door: 'shut' });
    await judge(7);
    await read(5, { t: 7, door: 'open' });
    expect(await judge(8)).toBe(0);
    expect(await judge(12)).toBe(1);
    expect(await alerts(warm)).toEqual([['a', 11, null]]);
    expect(await alerts(open)).toEqual([]);
    // What came in between counts when it is the newest that says something.
    await read(13, { door: 'open' });
    await judge(14);
    expect(await alerts(open)).toEqual([['a', 13, null]]);
    await read(12.5, { t: 7 });
    await judge(15);
    expect(await alerts(warm)).toEqual([['a', 11, 15]]);
  });

  it('begins at most an hour back, and knows what a device sent last', async () => {
    await read(2, { door: 'open' });
    await read(3, { t: 9 });
    await addRule({ ...OPEN, for_minutes: 60 });
    const warm = await addRule(WARM);
    await judge(100);
    expect(await alerts()).toEqual([
      ['a', 13, null],
      ['a', 62, null],
    ]);
    const { rows } = await database.admin.query(
      'select judged_from from public.alert_rule_progress where rule_id = $1',
      [warm],
    );
    expect(minuteOf(rows[0].judged_from)).toBe(90);
  });
});

describe('text and truth values', () => {
  it.each([
    ['is', 'open', { door: 'open' }, true],
    ['is', 'open', { door: 'Open' }, false],
    ['is not', 'open', { door: 'shut' }, true],
    ['is not', 'open', { door: 'open' }, false],
    ['is', 'true', { door: true }, true],
    ['is', 'true', { door: false }, false],
    ['is not', 'true', { door: false }, true],
    ['is', '3', { door: 3.0 }, true],
    ['is not', 'open', { door: 3 }, true],
    ['is', '3', { door: 1e300 }, false],
    ['contains', 'err', { door: 'an error' }, true],
    ['contains', 'err', { door: 'fine' }, false],
    ['contains', 'err', { door: 7 }, null],
    ['is', 'open', { door: null }, null],
    ['is', 'open', { door: { at: 'open' } }, null],
    ['is', 'open', { gate: 'open' }, null],
    ['contains', 'x', { door: `${'-'.repeat(1000)}x` }, false],
  ])('%s %s of %j: %s', async (comparison, wanted, payload, meets) => {
    const { rows } = await database.admin.query("select access.meets($1, 'door', $2, null, $3) as meets", [
      JSON.stringify(payload),
      comparison,
      wanted,
    ]);
    expect(rows[0].meets).toBe(meets);
  });

  it('are found by path, open an alert at once, and another value resolves it', async () => {
    await addRule({ ...OPEN, field: 'gate.state' });
    await judge(0);
    await read(1, { gate: { state: 'open' } });
    expect(await judge(2)).toBe(1);
    await read(50, { gate: { state: 'shut' } });
    expect(await judge(51)).toBe(1);
    expect(await alerts()).toEqual([['a', 1, 51]]);
    expect(await messages()).toEqual(['gate.state was "open"']);
    expect((await tryRule({ ...OPEN, field: 'gate.state' })).at).toEqual([1]);
  });
});

describe('two conditions', () => {
  it('must both be met by one device, for the same time, wherever their values come from', async () => {
    await addRule(BOTH);
    await judge(0);
    await read(1, { t: 9 });
    await read(1, { door: 'open' }, 'b');
    await read(20, { t: 9 });
    await read(21, { door: 'open' });
    expect(await judge(30)).toBe(0);
    expect(await judge(31)).toBe(1);
    await read(32, { door: 'shut' });
    expect(await judge(33)).toBe(1);
    expect(await alerts()).toEqual([['a', 31, 33]]);
    expect(await messages()).toEqual(['t was above 8 and door was "open" for 10 minutes, at last 9']);
    expect((await tryRule(BOTH)).at).toEqual([31]);
  });
});

describe('a rule on a tag', () => {
  it('watches the devices that have it, those that get it later from then on, and no more those that lost it', async () => {
    await addRule({ ...OPEN, tag: 'cold' });
    await judge(0);
    await read(1, { door: 'open' });
    await read(1, { door: 'open' }, 'b');
    expect(await judge(2)).toBe(1);
    await database.admin.query("update public.devices set tags = '{cold}' where slug = 'b'");
    await read(3, { door: 'open' }, 'b');
    expect(await judge(4)).toBe(1);
    await database.admin.query("update public.devices set tags = '{}' where slug = 'b'");
    expect(await judge(5)).toBe(1);
    expect(await alerts()).toEqual([
      ['a', 1, null],
      ['b', 3, 5],
    ]);
    await database.admin.query("update public.devices set tags = '{cold}' where slug = 'b'");
    expect(await judge(6)).toBe(0);
    await database.admin.query("update public.devices set enabled = false where slug = 'a'");
    expect(await judge(7)).toBe(1);
  });

  it.each([
    { kind: 'missing', window_minutes: 30 },
    { field: 't', comparison: 'above', threshold: 8 },
    { kind: 'rate', field: 't', comparison: 'above', threshold: -1 },
  ])('of the other kinds opens alerts for its devices only: %j', async (rule) => {
    await addRule({ ...rule, tag: 'cold' });
    await judge(0);
    for (const device of ['a', 'b']) {
      await read(1, { t: 9 }, device);
      await read(2, { t: 9 }, device);
    }
    await judge(3);
    await judge(35);
    expect(new Set((await alerts()).map(([device]) => device))).toEqual(new Set(['a']));
    expect((await tryRule({ ...rule, tag: 'cold' })).devices).toBe('1');
    expect((await tryRule(rule)).devices).toBe('2');
  });
});

describe('a silence of days', () => {
  it('opens after seven of them, and the trial sees where it began', async () => {
    await addRule({ kind: 'missing', window_minutes: 10_080 });
    await database.admin.query(
      `insert into public.device_status (tenant_id, device_id, last_received_at)
       select tenant_id, id, $1::timestamptz - interval '7 days' + make_interval(mins => case slug when 'a' then 5 else 500 end) from public.devices`,
      [base],
    );
    expect(await judge(4)).toBe(0);
    expect(await judge(5)).toBe(1);
    expect(await alerts()).toEqual([['a', 5, null]]);
    expect((await tryRule({ kind: 'missing', window_minutes: 10_080 })).at).toEqual([5]);
  });
});

describe('many devices', () => {
  it('are judged by twenty rules in a few rounds, each of which keeps what it judged', async () => {
    await database.admin.query(
      `insert into public.devices (tenant_id, slug, name, tags) select $1, 'd' || n, 'D', '{cold}' from generate_series(1, 1000) as n`,
      [tenant],
    );
    // As after its first hour: the statistics know neither the states nor the status of these devices.
    await database.admin.query('delete from public.device_status; analyze');
    await database.admin.query(
      `insert into public.telemetry (tenant_id, device_id, received_at, ts, message_id, payload)
       select tenant_id, id, at, at, 'm', '{"t": 9, "door": "open"}' from public.devices,
         generate_series(now() - interval '57 minutes', now() - interval '1 minute', interval '3 minutes') as at where tags <> '{}'`,
    );
    for (let n = 0; n < 20; n++) await addRule({ ...BOTH, for_minutes: 10_080, threshold: n / 100, tag: 'cold' });
    const key = generateKey();
    await setLogin(database.admin, 'mqtt_ingest', key);
    const worker = openDatabase(
      readPeriodicSettings({
        EXTERNAL_DATABASE_CONNECTION_STRING: roleUrl(database.postgres.url, 'mqtt_ingest', key),
      }).database,
    );
    try {
      const unjudged = async () =>
        (await database.admin.query('select from public.alert_rule_progress where judged_at is null')).rowCount!;
      let left = 20;
      let before: number;
      do {
        before = left;
        // Time is up after the first turn: the smallest round there is.
        let looks = 0;
        await evaluateAlerts(worker, pino({ level: 'silent' }), () => (looks++ < 2 ? 0 : 1e9));
        left = await unjudged();
      } while (left > 0 && left < before);
      expect(left).toBe(0);
      const { rows } = await database.admin.query(
        `select (select count(*)::int from ingest.rule_states where met and also_met) as states,
           (select count(*)::int from public.alert_rule_progress where problem is not null or skipped_until is not null) as skipped`,
      );
      expect(rows).toEqual([{ states: 20 * 1001, skipped: 0 }]);
    } finally {
      await worker.close();
    }
  });
});

describe('against an oracle that judges from all rows at once', () => {
  /** Numbers from 0 to below 1, the same in every run. */
  const numbers = (seed: number) => () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };
  interface Row {
    device: string;
    minute: number;
    payload: { t?: number; door?: string };
    /** The round that saw it first. */
    round: number;
  }

  const warm = ({ payload: { t } }: Row) => (t === undefined ? undefined : t > 8);
  const open = ({ payload: { door } }: Row) => (door === undefined ? undefined : door === 'open');
  const shut = (row: Row) => (open(row) === undefined ? undefined : !open(row));
  const always = () => true;
  type Meets = (row: Row) => boolean | undefined;

  /** Whether the device's status knows a newer reading that says something about the condition, and the round has none as new. */
  function isLate(rows: Row[], { device, round }: Row, meets: Meets): boolean {
    if (meets === always) return false;
    let newest = Number.NEGATIVE_INFINITY;
    let field = Number.NEGATIVE_INFINITY;
    let now = Number.NEGATIVE_INFINITY;
    for (const row of rows.filter((other) => other.device === device && other.round <= round)) {
      // What a reading says stands in the status when it is the newest of all, or the first that says so.
      if (meets(row) !== undefined && (row.minute >= newest || field === Number.NEGATIVE_INFINITY)) field = row.minute;
      newest = Math.max(newest, row.minute);
      if (meets(row) !== undefined && row.round === round) now = Math.max(now, row.minute);
    }
    return field > now;
  }

  /** What the alerts must be, from all rows and the minutes of the rounds. */
  function expected(rows: Row[], rounds: number[], first: Meets, second: Meets, hold: number) {
    const found: [string, number, number | null][] = [];
    for (const device of ['a', 'b']) {
      const ordered = rows
        .filter((row) => row.device === device && row.round < rounds.length)
        .sort((one, other) => one.round - other.round || one.minute - other.minute);
      const known = [first, second].map((meets) => ({ meets, met: false, turned: -1e9 }));
      const stretches: { since: number; from: number; until?: number; to?: number }[] = [];
      for (const row of ordered) {
        for (const condition of known) {
          const met = condition.meets(row);
          if (met === undefined || met === condition.met || row.minute <= condition.turned) continue;
          if (isLate(rows, row, condition.meets)) continue;
          condition.met = met;
          condition.turned = row.minute;
        }
        const open = stretches.at(-1);
        const isMet = known.every(({ met }) => met);
        if (isMet && (!open || open.to !== undefined))
          stretches.push({ since: Math.max(...known.map(({ turned }) => turned)), from: row.round });
        if (!isMet && open && open.to === undefined) Object.assign(open, { until: row.minute, to: row.round });
      }
      for (const [n, { since, from, until, to }] of stretches.entries()) {
        const seen = rounds.some(
          (minute, round) => round >= from && round < (to ?? rounds.length) && minute >= since + hold,
        );
        const isLast = !stretches.slice(n + 1).some((later) => later.to === to && later.until! - later.since >= hold);
        const passed = to !== undefined && until! - since >= hold && isLast;
        if (seen || passed) found.push([device, since + hold, to === undefined ? null : rounds[to]!]);
      }
    }
    return found.sort((one, other) => one[1] - other[1] || one[0].localeCompare(other[0]));
  }

  it.each([1, 2, 3, 4])(
    'opens and resolves the same, late readings, missed and broken rounds among them: seed %i',
    async (seed) => {
      const random = numbers(seed);
      const rules = [
        { id: await addRule(WARM), first: warm, second: always, hold: 10 },
        { id: await addRule({ ...WARM, for_minutes: 0 }), first: warm, second: always, hold: 0 },
        { id: await addRule({ ...OPEN, comparison: 'is not', for_minutes: 4 }), first: shut, second: always, hold: 4 },
        { id: await addRule({ ...BOTH, for_minutes: 3 }), first: warm, second: open, hold: 3 },
      ];
      const rows: Row[] = [];
      const rounds: number[] = [];
      await judge(0);
      rounds.push(0);
      for (let minute = 1; minute < 100; minute++) {
        for (const device of ['a', 'b']) {
          for (let n = 0; n < 2; n++) {
            if (random() < 0.4) continue;
            // Two decimals: times are compared as they are.
            const late = random() < 0.15 ? Math.floor(random() * 25) : 0;
            const at = Math.max(0.01, Math.round((minute - 0.99 + random() * 0.9 - late) * 100) / 100);
            const payload = {
              ...(random() < 0.8 && { t: Math.sin(minute / 9 + seed) + random() / 3 > 0 ? 9 : 7 }),
              ...(random() < 0.3 && { door: random() < 0.6 ? 'open' : 'shut' }),
            };
            if (rows.some((row) => row.device === device && row.minute === at)) continue;
            await read(at, payload, device);
            rows.push({ device, minute: at, payload, round: rounds.length });
          }
        }
        const fate = random();
        if (fate < 0.2) continue;
        if (fate < 0.35) {
          await database.admin.query('begin');
          await judge(minute);
          await database.admin.query('rollback');
          continue;
        }
        await judge(minute);
        rounds.push(minute);
      }
      for (const { id, first, second, hold } of rules) {
        const known = expected(rows, rounds, first, second, hold).map(([device, opened, resolved]) => [
          device,
          Math.round(opened * 100) / 100,
          resolved,
        ]);
        expect(known.length).toBeGreaterThan(3);
        expect(await alerts(id)).toEqual(known);
      }
    },
  );
});
