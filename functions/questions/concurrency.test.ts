// How many questions are worked on at once, of a token and of a tenant.
import { expect, test } from 'vitest';
import { say } from '../../tests/support/model-server.ts';
import { admin, ask, log, model, questions, questionsOfFile, rig, tenants } from './testing/rig.ts';

questionsOfFile();

test('two questions of one access token at a time', async () => {
  model.behave((request, response) => void setTimeout(() => say('x')(request, response), 300));
  const statuses = await Promise.all(
    ['en', 'id', 'en'].map(async (language) => (await ask('owner of acme', { language })).status),
  );
  expect(statuses.sort()).toEqual([200, 200, 429]);
});

test('bodies that do not end keep nobody from asking', async () => {
  const held: ReadableStreamDefaultController[] = [];
  const waiting = Array.from({ length: 32 }, (_, n) =>
    questions.answer(
      {
        authorization: `Bearer ${String(n).padStart(20, 'x')}`,
        body: new ReadableStream({ start: (controller) => void held.push(controller) }),
      },
      log.log,
    ),
  );
  expect((await ask('owner of acme')).status).toBe(200);
  for (const controller of held) controller.close();
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual(Array(32).fill(400));
});

test('four calls at a time for one tenant, from all of its people, and another tenant is served beside them', async () => {
  const waiting: (() => void)[] = [];
  model.behave((request, response) => void waiting.push(() => say('x')(request, response)));
  const { rows } = await admin.query("select id from public.devices where slug = 'pump-acme'");
  const device = { kind: 'device', id: rows[0].id };
  const asked = ['en', 'id'].flatMap((language) => [
    ask('owner of acme', { language }),
    ask('staff of acme', { language, ...device }),
  ]);
  await expect.poll(() => waiting.length).toBe(4);
  const { api, userId } = await rig.signUp('another@acme.example');
  await admin.query("insert into public.memberships (tenant_id, user_id, email, role) values ($1, $2, $3, 'staff')", [
    tenants.acme,
    userId,
    'another@acme.example',
  ]);
  const { status, body } = await ask((await api.auth.getSession()).data.session!.access_token);
  expect([status, body.error]).toEqual([429, 'Too many questions at once.']);
  const other = ask('owner of globex', { id: tenants.globex });
  await expect.poll(() => waiting.length).toBe(5);
  for (const answer of waiting) answer();
  expect((await Promise.all([...asked, other])).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
});
