// Questions of two tenants, `acme` and `globex`, to a provider on loopback: real database, API with real tokens.
import type { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import type { Answer, Refusal } from '../../../domain/questions.ts';
import { roleUrl } from '../../../lab/postgres.ts';
import { connect } from '../../../provisioning/database/connect.ts';
import { setLogin } from '../../../provisioning/database/login.ts';
import { type ApiRig, startApiRig } from '../../../tests/support/api-rig.ts';
import { keepLog } from '../../../tests/support/keep-log.ts';
import { type ModelServer, say, startModelServer } from '../../../tests/support/model-server.ts';
import { readQuestionSettings } from '../../settings/questions.ts';
import { makeQuestions, type Questions } from '../endpoint.ts';

const KEY = 'sk-very-secret';
const PASSWORD = 'p'.repeat(24);
export let rig: ApiRig;
export let admin: Client;
export let model: ModelServer;
export let questions: Questions;
export let log: ReturnType<typeof keepLog>;
export const tenants: Record<string, string> = {};
const tokens: Record<string, string> = {};

/** Its devices and people have names that nobody else has. */
async function addTenant(slug: string): Promise<void> {
  const { rows } = await admin.query('insert into public.tenants (slug, name) values ($1, $1) returning id', [slug]);
  tenants[slug] = rows[0].id;
  for (const role of ['owner', 'staff', 'viewer']) {
    const email = `${role}@${slug}.example`;
    const { api, userId } = await rig.signUp(email);
    await admin.query('insert into public.memberships (tenant_id, user_id, email, role) values ($1, $2, $3, $4)', [
      tenants[slug],
      userId,
      email,
      role,
    ]);
    tokens[`${role} of ${slug}`] = (await api.auth.getSession()).data.session!.access_token;
  }
  await admin.query("insert into public.devices (tenant_id, slug, name) values ($1, $2, 'Pump')", [
    tenants[slug],
    `pump-${slug}`,
  ]);
}

export const settingsWith = (environment: Record<string, string> = {}) =>
  readQuestionSettings({
    EXTERNAL_DATABASE_CONNECTION_STRING: roleUrl(rig.databaseUrl, 'mqtt_ingest', PASSWORD),
    QUESTIONS_URL: model.url,
    QUESTIONS_KEY: KEY,
    QUESTIONS_MODELS: 'large=2.5/10,small=0.15/0.6',
    QUESTIONS_PRICES_FROM: '2026-11-01',
    QUESTIONS_API_URL: rig.frontDoor.url,
    QUESTIONS_PUBLISHABLE_KEY: rig.publishableKey,
    QUESTIONS_USD_DAY: '1',
    ...environment,
  })!;

/** For each test again, except tenants, people and devices. */
export function questionsOfFile(): void {
  beforeAll(async () => {
    [rig, model] = await Promise.all([startApiRig(), startModelServer()]);
    admin = await connect(rig.databaseUrl);
    await setLogin(admin, 'mqtt_ingest', PASSWORD);
    await addTenant('acme');
    await addTenant('globex');
  });
  afterAll(async () => {
    await questions?.close();
    await admin?.end();
    await rig?.stop();
    await model?.stop();
  });
  beforeEach(async () => {
    await questions?.close();
    await admin.query(`
      truncate ingest.question_calls, ingest.question_answers, ingest.question_months, public.question_days, public.usage_days;
      delete from public.question_settings;
      insert into public.question_settings select id, true from public.tenants`);
    model.behave(say('Because it was hot.'));
    model.requests.length = 0;
    log = keepLog();
    questions = makeQuestions(settingsWith());
  });
}

/** The access token of somebody, such as `owner of acme`. */
export const tokenOf = (who: string): string => tokens[who] ?? who;

/** Asks. @param who such as `owner of acme`, or a token. */
export async function send(
  who: string,
  question: object,
  on = questions,
): Promise<{ status: number; body: Answer & Refusal; retry: string | undefined }> {
  const body = new Response(JSON.stringify(question)).body;
  const token = tokenOf(who);
  const { status, headers, body: text } = await on.answer({ authorization: `Bearer ${token}`, body }, log.log);
  expect(text + log.text()).not.toContain(KEY);
  return { status, body: JSON.parse(text), retry: headers['retry-after'] };
}
export const ask = (who: string, changes: object = {}) =>
  send(who, { kind: 'tenant', id: tenants.acme, language: 'en', ...changes });
export const days = async () => (await admin.query('select * from public.question_days')).rows;
export const open = async () => (await admin.query('select * from ingest.question_calls')).rows;
