// What questions cost and may cost: caps, reservations, and what is counted where a provider does not say.
import { expect, test } from 'vitest';
import { connect } from '../../provisioning/database/connect.ts';
import { say } from '../../tests/support/model-server.ts';
import { makeQuestions } from './endpoint.ts';
import { admin, ask, days, model, questionsOfFile, rig, send, settingsWith, tenants, tokenOf } from './testing/rig.ts';

questionsOfFile();

test('switched off between reservation and call: the call is not made', async () => {
  const { rows } = await admin.query(
    "select ingest.reserve_question($1, $1, null, 'tenant', sha256('x'), 'small', 10, 10) ->> 'reserved' as id",
    [tenants.acme],
  );
  await admin.query('update public.question_settings set is_on = false');
  expect((await admin.query('select ingest.send_question($1) as sent', [rows[0].id])).rows).toEqual([{ sent: false }]);
});

test.each([
  ['QUESTIONS_TOKENS_DAY', '4000', 'today', 1],
  ['QUESTIONS_TOKENS_MONTH', '4000', 'this month', 31],
  ['QUESTIONS_USD_DAY', '0.0010', 'today', 1],
  ['QUESTIONS_USD_MONTH', '0.0010', 'this month', 31],
  ['QUESTIONS_PLATFORM_USD_MONTH', '0.0010', 'platform', 31],
])(
  '%s: the next one is refused, with the time of the reset, and costs nothing',
  async (name, value, word, withinDays) => {
    const capped = makeQuestions(settingsWith({ [name]: value }));
    model.behave(say('x', { prompt_tokens: 2000, completion_tokens: 400 }));
    const outcomes = [];
    for (const language of ['en', 'id'])
      for (const kind of ['tenant', 'device']) {
        const id =
          kind === 'tenant'
            ? tenants.acme
            : (await admin.query("select id from public.devices where slug = 'pump-acme'")).rows[0].id;
        outcomes.push(await send('owner of acme', { kind, id, language }, capped));
      }
    await capped.close();
    const refused = outcomes.filter(({ status }) => status === 429);
    const served = outcomes.filter(({ status }) => status === 200);
    expect(served.length + refused.length).toBe(4);
    expect(served.length).toBeGreaterThan(0);
    expect(refused.length).toBeGreaterThan(0);
    expect(model.requests).toHaveLength(served.length);
    const { body, retry } = refused.at(-1)!;
    expect(body.error).toContain(word);
    const until = new Date(body.until!);
    expect(until.toISOString()).toMatch(/T00:00:00.000Z$/);
    expect(until.getTime() - Date.now()).toBeLessThanOrEqual(withinDays * 86_400_000);
    expect(Number(retry)).toBeGreaterThan(0);
    expect(await days()).toMatchObject([{ calls: served.length, refused: refused.length }]);
  },
);

test('a cap below one question says so; a reservation under way says when it ends', async () => {
  const capped = makeQuestions(settingsWith({ QUESTIONS_TOKENS_DAY: '100' }));
  const { status, body } = await send('owner of acme', { kind: 'tenant', id: tenants.acme, language: 'en' }, capped);
  await capped.close();
  expect([status, body.until]).toEqual([429, undefined]);
  await ask('owner of globex', { id: tenants.globex });
  const reserve = (key: string, wanted: number) =>
    admin.query("select ingest.reserve_question($1, $1, null, 'tenant', sha256($2), 'small', $3, 1) as done", [
      tenants.acme,
      key,
      wanted,
    ]);
  const first = await reserve('a', 60_000);
  expect(first.rows[0].done).toHaveProperty('reserved');
  const second = (await reserve('b', 60_000)).rows[0].done;
  expect(second.refused).toBe('tenant day');
  expect(new Date(second.until).getTime() - Date.now()).toBeLessThan(61_000);
  expect((await reserve('a', 1)).rows[0].done.refused).toBe('asked');
});

test.each([
  ['usage is missing', say('x', null)],
  ['more than max_tokens is claimed', say('x', { prompt_tokens: 100, completion_tokens: 401 })],
  ['more than the messages can be is claimed', say('x', { prompt_tokens: 1_000_000, completion_tokens: 1 })],
])('%s: it is answered, and counts at its worst', async (_, behaviour) => {
  model.behave(behaviour);
  const { status, body } = await ask('owner of acme');
  expect([status, body.answer]).toEqual([200, 'x']);
  expect(body.tokens).toBeGreaterThan(Buffer.byteLength(model.requests[0]!.messages[1]!.content) + 400);
  expect(Number((await days())[0].tokens)).toBe(body.tokens);
});

test('a call whose device is deleted meanwhile is counted, and its answer is not kept', async () => {
  const { rows } = await admin.query(
    "insert into public.devices (tenant_id, slug, name) values ($1, 'gone', 'Gone') returning id",
    [tenants.acme],
  );
  const id = rows[0].id;
  model.behave(async (request, response) => {
    await admin.query('select ingest.delete_owned($1, $2, 1000)', [tenants.acme, id]);
    await admin.query('delete from public.devices where id = $1', [id]);
    say('x')(request, response);
  });
  const { status, body } = await ask('owner of acme', { kind: 'device', id });
  expect(status).toBe(200);
  expect(await days()).toMatchObject([{ calls: 1, tokens: String(body.tokens) }]);
  expect((await admin.query('select from ingest.question_answers')).rows).toEqual([]);
});

test('a call that is being noted as its reservation ends counts: nobody else gets what it takes', async () => {
  await admin.query('select ingest.publish_questions($1::jsonb)', [
    JSON.stringify({
      provider: 'p',
      models: ['small'],
      prices_from: '2026-11-01',
      tokens_day: 1000,
      tokens_month: 1000,
      micros_day: 1000,
      micros_month: 1000,
      platform_micros_month: 10,
    }),
  ]);
  const reserve = async (tenant: string, by = admin) =>
    (
      await by.query("select ingest.reserve_question($1, $1, null, 'tenant', sha256('x'), 'small', 10, 10) as done", [
        tenants[tenant],
      ])
    ).rows[0].done;
  const { reserved } = await reserve('acme');
  await admin.query("update ingest.question_calls set expires_at = clock_timestamp() + interval '2 seconds'");
  const other = await connect(rig.databaseUrl);
  await admin.query('begin');
  expect((await admin.query('select ingest.send_question($1) as sent', [reserved])).rows).toEqual([{ sent: true }]);
  await admin.query('select pg_sleep(2.1)');
  const second = reserve('globex', other);
  await admin.query('select pg_sleep(0.2)');
  await admin.query('commit');
  expect(await second).toMatchObject({ refused: 'platform month' });
  await other.end();
});

test.each([
  ['question_tokens_day', 10, 'tenant day'],
  ['question_tokens_month', 10, 'tenant month'],
  ['question_cents_day', 0, 'tenant day'],
  ['question_cents_month', 0, 'tenant month'],
] as const)(
  '%s: a tenant has its own cap, lower or higher, for a while or permanently, and sees it',
  async (limit, low, refused) => {
    await ask('owner of globex', { id: tenants.globex });
    const reserve = async (tenant: string, key: string, wanted: number) =>
      (
        await admin.query(
          "select ingest.reserve_question($1, $1, null, 'tenant', sha256($2), 'small', $3, $3) as done",
          [tenants[tenant], key, wanted],
        )
      ).rows[0].done;
    await admin.query(
      `insert into public.tenant_limits (tenant_id, ${limit}) values ($1, $2) on conflict (tenant_id) do update set ${limit} = $2`,
      [tenants.acme, low],
    );
    expect(await reserve('acme', 'a', 20)).toMatchObject({ refused });
    expect(await reserve('globex', 'a', 20)).toHaveProperty('reserved');
    await admin.query("insert into access.temporary_limits values ($1, $2, 500000000, now() + interval '1 hour')", [
      tenants.acme,
      limit,
    ]);
    // The configuration's other cap still holds.
    expect(await reserve('acme', 'b', 20)).toHaveProperty('reserved');
    const client = rig.client();
    const shown = await client
      .rpc('question_offer', { tenant_id: tenants.acme })
      .setHeader('authorization', `Bearer ${tokenOf('viewer of acme')}`);
    const column = limit.replace('question_', '').replace('cents', 'micros');
    expect(Number(shown.data![0][column])).toBe(limit.includes('cents') ? 500000000 * 10_000 : 500000000);
    await admin.query('delete from access.temporary_limits');
    await admin.query('delete from public.tenant_limits');
  },
);
