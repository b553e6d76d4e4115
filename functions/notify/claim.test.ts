// Whose turn it is to be sent, and what becomes of what was taken.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Outbox, startOutbox } from './testing/outbox.ts';

let outbox: Outbox;
beforeAll(async () => {
  outbox = await startOutbox();
});
afterAll(() => outbox.server.stop());
beforeEach(() => outbox.begin());

test('an attempt that failed is repeated later and later, then given up', async () => {
  await outbox.addRoute();
  await outbox.open();
  const [item] = await outbox.claim();
  expect(await outbox.claim()).toEqual([]);
  expect(await outbox.finish(item, 'The receiver answered 503.')).toBe(true);
  expect(await outbox.finish(item)).toBe(false);
  expect(await outbox.claim()).toEqual([]);
  await outbox.admin('update ingest.channel_states set retry_at = now()');
  await outbox.passTime('10 seconds');
  expect(await outbox.claim()).toMatchObject([{ id: item.id, attempts: 2 }]);
  await outbox.passTime('25 hours');
  await outbox.admin('select ingest.prune_notifications(100)');
  const { rows } = await outbox.admin('select state, error from public.notifications');
  expect(rows).toEqual([{ state: 'failed', error: expect.stringMatching(/^The receiver answered 503\. Given up/) }]);
});

test('of what was taken by one that died, another has its turn when the lease has ended', async () => {
  await outbox.addRoute();
  await outbox.open();
  const [dead] = await outbox.claim();
  await outbox.passTime('31 seconds');
  const [again] = await outbox.claim();
  expect(again).toMatchObject({ id: dead.id, content: dead.content });
  expect(await outbox.finish(dead)).toBe(false);
  expect(await outbox.finish(again)).toBe(true);
});

test('a tenant with many waiting delays nobody, and a channel that failed is tried with one', async () => {
  for (let n = 0; n < 3; n++)
    await outbox.admin(
      `insert into public.notifications (tenant_id, channel_id, transition, content, due_at)
     select $1, $2, 'test', '{}', now() - interval '1 hour' from generate_series(1, 40)`,
      [outbox.tenant, await outbox.addChannel(`many-${n}.example`)],
    );
  const other = await outbox.addChannel('few.example', outbox.world.b.id);
  await outbox.admin(
    "insert into public.notifications (tenant_id, channel_id, transition, content) values ($1, $2, 'test', '{}')",
    [outbox.world.b.id, other],
  );
  const taken = await outbox.claim(4, 6);
  expect(taken.filter(({ tenant_id }) => tenant_id === outbox.world.b.id)).toHaveLength(1);
  expect(taken).toHaveLength(4);
  // With those that are being sent, no more than six of one tenant.
  expect(await outbox.claim(40, 6)).toHaveLength(3);
  await outbox.admin('update ingest.channel_states set failures = 3');
  await outbox.passTime('1 minute');
  // One of each channel.
  expect(await outbox.claim(40, 10)).toHaveLength(4);
});

test('an end waits until the beginning has been sent', async () => {
  await outbox.addRoute();
  await outbox.resolve(await outbox.open());
  const [beginning, ...others] = await outbox.claim();
  expect([beginning.transition, others, await outbox.claim()]).toEqual(['opened', [], []]);
  await outbox.finish(beginning);
  expect((await outbox.claim()).map(({ transition }) => transition)).toEqual(['resolved']);
});

test('an address that nobody confirmed gets the question alone, and one that refused gets nothing', async () => {
  await outbox.admin("update public.notification_channels set kind = 'email', confirmed_at = null");
  await outbox.admin(
    `insert into public.notifications (tenant_id, channel_id, transition, content)
     select $1, $2, unnest(array['test', 'confirmation', 'confirmation']), '{}'`,
    [outbox.tenant, outbox.channel],
  );
  const [question] = await outbox.claim(1);
  expect([question.transition, ...(await outbox.claim()).map(({ transition }) => transition)]).toEqual([
    'confirmation',
    'confirmation',
  ]);
  await outbox.admin('update public.notification_channels set refused_at = now()');
  await outbox.passTime('31 seconds');
  expect(await outbox.claim()).toEqual([]);
});

test('what is about alerts waits until a maintenance is over; a test does not', async () => {
  await outbox.addRoute();
  await outbox.open();
  await outbox.admin(
    "insert into public.notifications (tenant_id, channel_id, transition, content) values ($1, $2, 'test', '{}')",
    [outbox.tenant, outbox.channel],
  );
  await outbox.admin("select access.begin_maintenance('a larger disk', 60, 'operator')");
  expect((await outbox.claim()).map(({ transition }) => transition)).toEqual(['test']);
  await outbox.admin("select access.end_maintenance('operator')");
  expect((await outbox.claim()).map(({ transition }) => transition)).toEqual(['opened']);
});

test("a tenant's mails a day are bounded, and the alert shows it", async () => {
  await outbox.admin(
    `insert into public.tenant_limits (tenant_id, max_mails_day) values ($1, 1) on conflict (tenant_id) do update set max_mails_day = 1`,
    [outbox.tenant],
  );
  await outbox.admin('delete from ingest.mail_use');
  await outbox.admin("update public.notification_channels set kind = 'email', destination = 'a@acme.example'");
  await outbox.addRoute();
  await outbox.open();
  await outbox.open(outbox.world.a.spareDevice);
  expect(await outbox.claim()).toHaveLength(1);
  expect((await outbox.lines()).toSorted()).toEqual(['opened 0 failed 0', 'opened 0 waiting 0']);
});

test('a mail counts once, however often its server has to be asked', async () => {
  await outbox.admin('delete from ingest.mail_use');
  await outbox.admin("update public.notification_channels set kind = 'email', destination = 'a@acme.example'");
  await outbox.addRoute();
  await outbox.open();
  for (let attempt = 0; attempt < 3; attempt++) {
    await outbox.finish((await outbox.claim())[0], 'Not delivered: the connection failed (ECONNREFUSED).');
    await outbox.admin('update ingest.channel_states set retry_at = null');
    await outbox.passTime('1 hour');
  }
  const { rows } = await outbox.admin('select mails from ingest.mail_use');
  expect(rows).toEqual([{ mails: 1 }]);
});

test('figures for metrics', async () => {
  await outbox.admin('update ingest.notification_totals set sent = 0, failed = 0');
  await outbox.admin('delete from public.notifications');
  await outbox.addRoute();
  await outbox.open();
  await outbox.open(outbox.world.a.spareDevice);
  await outbox.passTime('1 minute');
  const [first] = await outbox.claim(1);
  await outbox.finish(first);
  const { rows } = await outbox.admin('select ingest.notification_figures() as f');
  expect(rows[0].f).toMatchObject({
    notifications_sent_total: 1,
    notifications_failed_total: 0,
    notifications_waiting: 1,
  });
  expect(rows[0].f.notifications_oldest_waiting_seconds).toBeGreaterThanOrEqual(60);
});
