// How many alerts a tenant may open in an hour, and how many rules it may try at once.
import { expect, it } from 'vitest';
import {
  addRule,
  alerts,
  ann,
  database,
  devices,
  judge,
  lastingRulesOfFile,
  OPEN,
  read,
  tenant,
  tryRule,
  WARM,
} from './testing/lasting-rules.ts';

lastingRulesOfFile();

const limit = (most: number) =>
  database.admin.query(
    `insert into public.tenant_limits (tenant_id, max_alerts_hour) values ($1, $2)
     on conflict (tenant_id) do update set max_alerts_hour = excluded.max_alerts_hour`,
    [tenant, most],
  );
const suppressedOf = async (rule: string) => {
  const { rows } = await database.asUser(
    ann,
    'select suppressed, suppressed_from is not null as since from public.alert_rule_progress where rule_id = $1',
    [rule],
  );
  return rows[0];
};
const asOfNow = { kind: 'threshold', field: 't', comparison: 'above', threshold: 8, window_minutes: 1 };

it('a device that flaps opens as many as the limit, and the rest is counted on its rule; the next hour it opens again', async () => {
  await limit(5);
  const rule = await addRule(OPEN);
  await judge(0);
  for (let minute = 1; minute <= 20; minute++) {
    await read(minute, { door: 'open' });
    await read(minute + 0.5, { door: 'shut' });
    await judge(minute + 0.9);
  }
  expect(await alerts(rule)).toHaveLength(5);
  expect(await suppressedOf(rule)).toEqual({ suppressed: 15, since: true });
  await read(70, { door: 'open' });
  await judge(71);
  expect((await alerts(rule)).at(-1)).toEqual(['a', 70, null]);
});

it('what is still so is counted once, and opens when there is room', async () => {
  await limit(2);
  const rule = await addRule(OPEN);
  await judge(0);
  for (const minute of [1, 3]) {
    await read(minute, { door: 'open' });
    await read(minute + 1, { door: 'shut' });
    await judge(minute + 1.5);
  }
  await read(6, { door: 'open' });
  for (const minute of [7, 8, 9]) await judge(minute);
  expect(await alerts(rule)).toHaveLength(2);
  expect(await suppressedOf(rule)).toMatchObject({ suppressed: 1 });
  await judge(61.5);
  expect((await alerts(rule)).at(-1)).toEqual(['a', 6, null]);
});

it.each([
  ['for a duration', OPEN],
  ['at once', asOfNow],
  ['of silence', { kind: 'missing', window_minutes: 1 }],
])('the first alert of a device in an hour always opens, and one that is open goes on: a rule %s', async (_, rule) => {
  await limit(0);
  const id = await addRule(rule);
  await judge(0);
  await read(1, { door: 'open', t: 9 });
  await read(1, { door: 'open', t: 9 }, 'b');
  await judge(3);
  expect(await alerts(id)).toHaveLength(2);
  await judge(3.5);
  expect((await alerts(id)).filter(([, , resolved]) => resolved === null)).toHaveLength(2);
  expect(await suppressedOf(id)).toMatchObject({ suppressed: 0 });
});

it.each([
  ['at once', asOfNow, 1],
  // Its device was silent for long before.
  ['of silence', { kind: 'missing', window_minutes: 1 }, 2],
])('the second is held back: a rule %s', async (_, rule, before) => {
  await limit(0);
  const id = await addRule({ ...rule, device_id: devices.a! });
  await judge(0);
  for (const minute of [1, 10]) {
    await read(minute, { t: 9 });
    await judge(minute + 0.1);
    await judge(minute + 2);
  }
  expect(await alerts(id)).toHaveLength(before);
  expect(await suppressedOf(id)).toMatchObject({ suppressed: 1 });
});

it('members see the limit and what is used of it', async () => {
  const { rows } = await database.asUser(
    ann,
    "select most::int, used::int from public.limits_in_use($1) where name = 'max_alerts_hour'",
    [tenant],
  );
  expect(rows).toEqual([{ most: 0, used: 0 }]);
});

it('two rules are tried at once, a third is refused, and another tenant’s is not', async () => {
  const hold = async (n: number) => {
    const client = await database.open();
    await client.query('begin');
    await client.query(
      "select pg_try_advisory_xact_lock(hashtextextended('public.try_alert_rule ' || $1::text || $2::text, 0))",
      [tenant, n],
    );
    return client;
  };
  const first = await hold(1);
  expect(await tryRule(WARM)).toMatchObject({ firings: '0' });
  const second = await hold(2);
  await expect(tryRule(WARM)).rejects.toMatchObject({ code: 'PT429', hint: 'Try again in some seconds.' });
  await first.query('rollback');
  expect(await tryRule(WARM)).toMatchObject({ firings: '0' });
  await second.query('rollback');
});
