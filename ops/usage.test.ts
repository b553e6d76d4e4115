// A month of tenants, as text, CSV and JSON: the same numbers, which add up to the days' rows.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Commands, startCommands } from './testing/commands.ts';

let commands: Commands;
const ops = (...args: string[]) => commands.ops('usage', ...args);

beforeAll(async () => {
  commands = await startCommands();
  await commands.database.admin.query(`
    insert into public.usage_days (tenant_id, day, readings, bytes, letters)
    select t.id, d.day, 1000, d.bytes, 2 from public.tenants as t
    cross join (values (date '2026-10-31', 5000), ('2026-11-01', 1499), ('2026-11-02', 1499), ('2026-12-01', 5000)) as d (day, bytes)
    where t.slug = 'acme' or d.day = '2026-11-02';
    update ingest.usage_progress set counted_until = '2026-11-30 12:34Z'`);
});
afterAll(() => commands?.stop());

test('a month of all tenants, of its days in UTC alone', async () => {
  const { out, code } = await ops('--month', '2026-11');
  expect(code).toBe(0);
  expect(out).toMatch(
    /^all tenants, 2026-11, days of UTC, counted until 2026-11-30T12:34Z: the month is not complete\ntenant +readings/,
  );
  expect(out).toMatch(/^acme +2,000 +2 +0 +4 /m);
  expect(out).toMatch(/^globex +1,000 +1 +0 +2 /m);
  expect(out).toMatch(/^total +3,000 +3 +0 +6 /m);
});

test("a tenant's days add up to its total, in each form", async () => {
  expect((await ops('acme', '--month', '2026-11')).out).toMatch(
    /^2026-11-01 +1,000 +1 .*\n2026-11-02 +1,000 +1 .*\ntotal +2,000 +2 /m,
  );
  expect((await ops('acme', '--month', '2026-11', '--csv')).out).toBe(
    'month,day_utc,readings,kilobytes,over_quota,letters,alerts,notifications,commands,ai_tokens\n' +
      '2026-11,2026-11-01,1000,1,0,2,0,0,0,0\n2026-11,2026-11-02,1000,1,0,2,0,0,0,0',
  );
  const bill = JSON.parse((await ops('--month', '2026-10', '--json')).out);
  expect(bill).toMatchObject({
    month: '2026-10',
    timeZone: 'UTC',
    complete: true,
    tenants: [{ tenant: 'acme', total: { readings: 1000, kilobytes: 5 }, days: [{ day: '2026-10-31' }] }],
    total: { readings: 1000, kilobytes: 5 },
  });
});

test.each([
  [['nobody'], 1, 'there is no tenant "nobody"'],
  [['--month', '2026-13'], 2, 'Give a month such as 2026-11.'],
  [['--json', '--csv'], 1, 'give one of them'],
])('%j is refused', async (args, code, err) => {
  expect(await ops(...args)).toMatchObject({ code, err: expect.stringContaining(err) });
});
