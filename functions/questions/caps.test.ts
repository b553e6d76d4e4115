// Ten thousand questions at once, of processes that are killed at any moment, at a provider that fails at random: no tenant and not the
// platform gets beyond its cap, what no call followed is free again, and what was refused has cost nothing.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readDatabaseUrl } from '../../domain/database-url.ts';
import { startChild } from '../../lab/child.ts';
import { roleUrl } from '../../lab/postgres.ts';
import { setLogin } from '../../provisioning/database/login.ts';
import { startTestDatabase, type TestDatabase } from '../../provisioning/database/testing/database.ts';
import { keepLog } from '../../tests/support/keep-log.ts';
import { fail, type ModelServer, say, startModelServer, usageOf } from '../../tests/support/model-server.ts';
import { openDatabase } from '../database/connection.ts';
import { tidyQuestions } from './tidy.ts';

const ASKER = new URL('testing/asker.ts', import.meta.url).pathname;
const PASSWORD = 'p'.repeat(24);
const QUESTIONS = 10_000;
const PROCESSES = 8;
const KILLS = 16;
const TENANTS = 3;
/** Some 1,500 calls of each tenant; the platform's is below the three of them. */
const TOKENS_DAY = 1_000_000;
const PLATFORM_USD = 2;
const PRICE = { usdIn: 1, usdOut: 2 };
const OFFER = JSON.stringify({
  provider: 'p',
  models: ['small'],
  prices_from: '2026-11-01',
  tokens_day: TOKENS_DAY,
  tokens_month: TOKENS_DAY * 10,
  micros_day: 1e9,
  micros_month: 1e9,
  platform_micros_month: PLATFORM_USD * 1e6,
});

let rig: TestDatabase;
let model: ModelServer;
const tenants: string[] = [];
/** What the provider has really worked on. */
const worked = { calls: 0, micros: 0, tokens: Array.from({ length: TENANTS }, () => 0) };

/** Answers `question_facts` as the API would: its token is the question's number. */
const facts = createServer((request, response) => {
  const n = Number(request.headers.authorization?.slice('Bearer '.length));
  const found = {
    tenant_id: tenants[n % TENANTS],
    user_id: '00000000-0000-4000-8000-000000000001',
    device_id: null,
    facts: { question: 'tenant', tenant: n % TENANTS, n },
  };
  request.resume().on('end', () => response.writeHead(200).end(JSON.stringify(found)));
});

beforeAll(async () => {
  rig = await startTestDatabase();
  model = await startModelServer();
  await setLogin(rig.admin, 'mqtt_ingest', PASSWORD);
  for (let n = 0; n < TENANTS; n++) {
    const { rows } = await rig.admin.query("insert into public.tenants (slug, name) values ($1, 'T') returning id", [
      `t-${n}`,
    ]);
    tenants.push(rows[0].id);
  }
  await rig.admin.query('insert into public.question_settings select id, true from public.tenants');
  await rig.admin.query('select ingest.publish_questions($1::jsonb)', [OFFER]);
  facts.listen(0, '127.0.0.1');
  await once(facts, 'listening');
});
afterAll(async () => {
  facts.closeAllConnections();
  facts.close();
  await model?.stop();
  await rig?.stop();
});

/** Asks a share of the questions, all at once; or these, some at a time. */
const start = (first: number, last: number, atOnce = last - first) =>
  startChild(process.execPath, [ASKER], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH,
      EXTERNAL_DATABASE_CONNECTION_STRING: roleUrl(rig.postgres.url, 'mqtt_ingest', PASSWORD),
      QUESTIONS_URL: model.url,
      QUESTIONS_KEY: 'k',
      QUESTIONS_MODELS: `small=${PRICE.usdIn}/${PRICE.usdOut}`,
      QUESTIONS_PRICES_FROM: '2026-11-01',
      QUESTIONS_API_URL: `http://127.0.0.1:${(facts.address() as AddressInfo).port}`,
      QUESTIONS_PUBLISHABLE_KEY: 'k',
      FIRST: String(first),
      LAST: String(last),
      AT_ONCE: String(atOnce),
    },
  });

test('0 tokens over the caps', { timeout: 600_000 }, async () => {
  const outcomes: Record<string, number>[] = [];
  const share = QUESTIONS / PROCESSES;
  /** Calls by process. */
  const calls = Array.from({ length: PROCESSES }, () => 0);
  model.behave((request, response) => {
    const { facts: found } = JSON.parse(request.messages[1]!.content);
    const { prompt_tokens, completion_tokens } = usageOf(request, 'x'.repeat(Math.random() * 2000));
    worked.calls++;
    if (found.n < QUESTIONS) calls[Math.floor(found.n / share)]! += 1;
    worked.tokens[found.tenant]! += prompt_tokens + completion_tokens;
    worked.micros += prompt_tokens * PRICE.usdIn + completion_tokens * PRICE.usdOut;
    const dice = Math.random();
    setTimeout(() => {
      if (dice < 0.05) fail(500)(request, response);
      else if (dice < 0.1) response.socket?.destroy();
      else if (dice < 0.15) say('x', null)(request, response);
      else if (dice < 0.2) say('x', { prompt_tokens: 1e6, completion_tokens: 1e6 })(request, response);
      else say('x', { prompt_tokens, completion_tokens })(request, response);
    }, Math.random() * 200);
  });
  const run = async (n: number, kills: number) => {
    for (let killed = 0; ; killed++) {
      const child = start(n * share, (n + 1) * share);
      let text = '';
      child.stdout!.on('data', (data) => (text += data));
      const ended = once(child, 'close');
      const before = calls[n]!;
      while (killed < kills && child.exitCode === null && calls[n]! < before + 3) await sleep(20);
      if (killed < kills) await sleep(Math.random() * 500);
      if (killed < kills && child.exitCode === null) child.kill('SIGKILL');
      const [code] = await ended;
      if (code !== 0) continue;
      outcomes.push(JSON.parse(text));
      return;
    }
  };
  await Promise.all(Array.from({ length: PROCESSES }, (_, n) => run(n, KILLS / PROCESSES)));

  // All have ended. What the killed ones left: reservations without a call, and calls that nobody settled.
  const left = await rig.admin.query(
    'select count(*) filter (where sent_at is null)::int as reserved, count(sent_at)::int as lost from ingest.question_calls',
  );
  expect(left.rows[0].reserved + left.rows[0].lost).toBeGreaterThan(0);
  // A killed process may have noted the call and not made it, never the other way round.
  const counted = await counts();
  expect(counted.calls + left.rows[0].lost).toBeGreaterThanOrEqual(worked.calls);
  const total = (outcome: string) => outcomes.reduce((sum, one) => sum + (one[outcome] ?? 0), 0);
  // 503: the one process that answers all with facts was too slow. Nothing was reserved.
  const known = ['answered', 'cached', '429', '409', '502', '503'];
  expect(outcomes.flatMap(Object.keys).filter((outcome) => !known.includes(outcome))).toEqual([]);
  // Work was done, most of it in processes that were killed afterwards, and the caps were reached. How often depends on what else the cores
  // do: on busy ones most are too slow before. The last step shows that all of a cap can be used.
  expect(worked.calls).toBeGreaterThan(10);
  expect(total('429')).toBeGreaterThan(10);

  // The minute of each is over: reservations count for nothing, lost calls at their worst.
  await rig.admin.query("update ingest.question_calls set expires_at = expires_at - interval '3 minutes'");
  const database = openDatabase(
    readDatabaseUrl(roleUrl(rig.postgres.url, 'mqtt_ingest', PASSWORD), { readFile: () => '' }),
  );
  await tidyQuestions(database, keepLog().log, () => 10_000);
  await database.query('select ingest.publish_questions($1::jsonb)', [OFFER]);
  await database.close();
  expect((await rig.admin.query('select from ingest.question_calls')).rows).toEqual([]);
  expect((await counts()).calls).toBe(counted.calls + left.rows[0].lost);
  await within();

  // Now what was free again is used up.
  const calm = start(QUESTIONS, QUESTIONS * 1.4, 64);
  expect(await once(calm.stdout!.resume(), 'end')).toEqual([]);
  await within();
  expect((await counts()).micros).toBeGreaterThan(PLATFORM_USD * 1e6 * 0.95);
});

/** Nobody got more than is counted, and no more is counted than allowed. */
async function within() {
  const { tokens, micros } = await counts();
  for (const [n, tenant] of tenants.entries()) {
    expect(worked.tokens[n]).toBeLessThanOrEqual(tokens[tenant]!);
    expect(tokens[tenant]).toBeLessThanOrEqual(TOKENS_DAY);
  }
  expect(worked.micros).toBeLessThanOrEqual(micros);
  expect(micros).toBeLessThanOrEqual(PLATFORM_USD * 1e6);
}

async function counts() {
  const days = await rig.admin.query('select tenant_id, calls, tokens::int from public.question_days');
  const months = await rig.admin.query('select micros::int from ingest.question_months');
  return {
    calls: days.rows.reduce((sum, { calls }) => sum + calls, 0) as number,
    tokens: Object.fromEntries(days.rows.map(({ tenant_id, tokens }) => [tenant_id, tokens])) as Record<string, number>,
    micros: months.rows[0].micros as number,
  };
}
