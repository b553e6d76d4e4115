// From an alert's transition to the outbox: routes, quiet hours, escalation, repetition, digests, bounds; and whose turn it is to be sent.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  BAD_ARGUMENT,
  REFUSED,
  startTestDatabase,
  type TestDatabase,
} from '../../provisioning/database/testing/database.ts';
import {
  makePerson,
  makeWorld,
  type Person,
  SAMPLE_KEY_ID,
  type World,
} from '../../provisioning/database/testing/world.ts';

let server: TestDatabase;
let world: World;
let ann: Person;
let tenant: string;
let channel: string;
let rule: string;
beforeAll(async () => {
  server = await startTestDatabase();
  world = await makeWorld(server.admin);
  ann = world.a.owner;
  tenant = world.a.id;
});
afterAll(() => server.stop());

const admin = (sql: string, values: unknown[] = []) => server.admin.query(sql, values);
const SEALED = `${SAMPLE_KEY_ID}.${'A'.repeat(200)}`;

/** Each test in a transaction of its own, undone: now() stands still in it. */
beforeEach(async () => {
  await admin('rollback');
  await admin('begin');
  await admin('delete from public.notification_channels');
  await admin("delete from public.alerts; update public.alert_rules set severity = 'warning', enabled = true");
  channel = await addChannel('hooks.example.com');
  rule = world.a.rule;
});

async function addChannel(host: string, of = world.a.id): Promise<string> {
  const { rows } = await admin(
    `with c as (insert into public.notification_channels (tenant_id, name, kind, destination, confirmed_at)
       values ($1, $2, 'webhook', $2, now()) returning id, tenant_id)
     insert into ingest.channel_states (tenant_id, channel_id, sealed) select tenant_id, id, $3 from c returning channel_id`,
    [of, host, SEALED],
  );
  return rows[0].channel_id;
}

async function addRoute(values: Record<string, unknown> = {}): Promise<void> {
  const row = { tenant_id: tenant, channel_id: channel, severities: ['info', 'warning', 'critical'], ...values };
  const columns = Object.keys(row);
  await admin(
    `insert into public.notification_routes (${columns.join(', ')}) values (${columns.map((_, n) => `$${n + 1}`).join(', ')})`,
    Object.values(row),
  );
}

async function open(device = world.a.device): Promise<string> {
  const { rows } = await admin(
    `insert into public.alerts (tenant_id, rule_id, device_id, opened_at, last_seen_at, value, message)
     values ($1, $2, $3, now(), now(), 5, 't was 5') returning id`,
    [tenant, rule, device],
  );
  return rows[0].id;
}
const resolve = (alert: string) => admin('update public.alerts set resolved_at = now() where id = $1', [alert]);
const acknowledge = (alert: string) => admin('update public.alerts set acknowledged_at = now() where id = $1', [alert]);

/** What stands in the outbox: transition, number, state, and minutes until it is due. */
const outbox = async () =>
  (
    await admin(
      `select transition || ' ' || n || ' ' || state || ' ' || round(extract(epoch from due_at - now()) / 60) as line
       from public.notifications order by created_at, due_at, transition`,
    )
  ).rows.map(({ line }) => line);

const claim = async (most = 10, mostTenant = 10) =>
  (await admin('select * from ingest.claim_notifications($1, $2, 30)', [most, mostTenant])).rows;
const finish = async (item: { id: string; lease: string }, problem: string | null = null, final = false) =>
  (await admin('select ingest.finish_notification($1, $2, $3, $4) as done', [item.id, item.lease, problem, final]))
    .rows[0].done;
const passTime = (interval: string) =>
  admin(
    `update public.notifications set due_at = due_at - $1::interval, created_at = created_at - $1::interval,
       leased_until = leased_until - $1::interval, expires_at = expires_at - $1::interval`,
    [interval],
  );

describe('a route', () => {
  test('tells once of the beginning and once of the end, whatever else the alert does', async () => {
    await addRoute();
    const alert = await open();
    await admin('update public.alerts set last_seen_at = now(), value = 6 where id = $1', [alert]);
    await acknowledge(alert);
    await resolve(alert);
    expect(await outbox()).toEqual(['opened 0 waiting 0', 'resolved 0 waiting 0']);
  });

  test('tells only of its severities, and only what is switched on and confirmed', async () => {
    await addRoute({ severities: ['critical'] });
    await addRoute({ enabled: false });
    await open();
    expect(await outbox()).toEqual([]);
    await admin("update public.alert_rules set severity = 'critical'");
    await admin('update public.notification_channels set confirmed_at = null');
    await open(world.a.spareDevice);
    expect(await outbox()).toEqual([]);
  });

  test('tells of no end where it should not, and two of them to one channel tell once', async () => {
    await addRoute({ tells_resolved: false });
    await addRoute({ tells_resolved: false });
    await resolve(await open());
    expect(await outbox()).toEqual(['opened 0 waiting 0']);
  });

  test('says what it is about as it was then', async () => {
    await addRoute();
    await open();
    await admin("update public.alert_rules set name = 'other'");
    const [item] = await claim();
    expect(item).toMatchObject({ kind: 'webhook', destination: 'hooks.example.com', sealed: SEALED, attempts: 1 });
    expect(item.content).toMatchObject({
      tenant: 'acme',
      rule: 'hot',
      severity: 'warning',
      device: 'sensor-1',
      message: 't was 5',
      value: 5,
    });
  });
});

describe('escalation and repetition', () => {
  test('an escalation comes later, and not when somebody has looked after it', async () => {
    await addRoute({ after_minutes: 30 });
    const alert = await open();
    expect(await outbox()).toEqual(['escalated 30 waiting 30']);
    expect(await claim()).toEqual([]);
    await acknowledge(alert);
    await resolve(alert);
    expect(await outbox()).toEqual(['escalated 30 cancelled 30']);
  });

  test('one that asks for the end goes on when it is acknowledged, and tells of the end', async () => {
    await addRoute({ after_minutes: 30, until: 'resolved' });
    const alert = await open();
    await acknowledge(alert);
    await passTime('31 minutes');
    expect(await finish((await claim())[0])).toBe(true);
    await resolve(alert);
    expect(await outbox()).toEqual(['escalated 30 sent -1', 'resolved 0 waiting 0']);
  });

  test('a repetition follows each that was sent, until somebody looks after it', async () => {
    await addRoute({ repeat_minutes: 10 });
    const alert = await open();
    for (let n = 1; n <= 3; n++) {
      await finish((await claim())[0]);
      expect((await outbox()).at(-1)).toBe(`repeated ${n} waiting 10`);
      await passTime('10 minutes');
    }
    await acknowledge(alert);
    expect((await outbox()).filter((line) => line.includes('waiting'))).toEqual([]);
    expect(await claim()).toEqual([]);
  });

  test('none follows once the alert is over, although one was being sent', async () => {
    await addRoute({ repeat_minutes: 10 });
    const alert = await open();
    const [item] = await claim();
    await resolve(alert);
    await finish(item);
    expect(await outbox()).toEqual(['opened 0 sent 0', 'resolved 0 waiting 0']);
  });
});

describe('quiet hours', () => {
  const after = async (at: string, from: string, until: string, zone: string) =>
    (await admin('select access.after_quiet($1, $2, $3, $4) as at', [at, from, until, zone])).rows[0].at.toISOString();

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
    const { rows } = await admin(`
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

  const NOW_QUIET = { quiet_from: '00:00', quiet_until: '23:59:59', time_zone: 'UTC' };

  test('of one route hold nothing back that another route tells the channel', async () => {
    // One that is planned before it, and one after it.
    await addRoute({ ...NOW_QUIET, id: '00000000-0000-4000-8000-000000000000', after_minutes: 1 });
    await addRoute({ after_minutes: 1 });
    await addRoute({ ...NOW_QUIET, id: 'ffffffff-ffff-4fff-bfff-ffffffffffff', after_minutes: 1 });
    await open();
    expect(await outbox()).toEqual(['escalated 1 waiting 1']);
  });

  test('gather what happens into one digest at their end', async () => {
    await addRoute(NOW_QUIET);
    const alert = await open();
    await open(world.a.spareDevice);
    await resolve(alert);
    expect(await outbox()).toEqual([expect.stringMatching(/^digest 0 waiting \d+$/)]);
    expect(await claim()).toEqual([]);
    await passTime('1 day');
    const [item] = await claim();
    expect(item.content).toMatchObject({
      opened: 2,
      resolved: 1,
      open: 1,
      unacknowledged: 1,
      newest: [{ device: expect.any(String) }, {}],
    });
    // A later attempt tells the same.
    await finish(item, 'down');
    await open();
    await passTime('1 hour');
    await admin('update ingest.channel_states set retry_at = null');
    expect((await claim()).find(({ id }) => id === item.id).content).toEqual(item.content);
  });

  test('are kept by a digest that would be due in them', async () => {
    const minutes = (n: number) => new Date(Date.now() + n * 60_000).toISOString().slice(11, 19);
    await addRoute({ digest_above: 1, quiet_from: minutes(30), quiet_until: minutes(120), time_zone: 'UTC' });
    await resolve(await open());
    expect(await outbox()).toEqual(['opened 0 waiting 0', expect.stringMatching(/^digest 0 waiting (119|120)$/)]);
  });

  test('let what is critical pass, if the route says so', async () => {
    await admin("update public.alert_rules set severity = 'critical'");
    await addRoute(NOW_QUIET);
    channel = await addChannel('other.example.com');
    await addRoute({ ...NOW_QUIET, critical_passes: false });
    await open();
    expect(await outbox()).toEqual(['opened 0 waiting 0', expect.stringMatching(/^digest/)]);
  });
});

describe('a digest', () => {
  test('takes what a flapping device does beyond the bound of its route', async () => {
    await addRoute({ digest_above: 4 });
    for (let n = 0; n < 4; n++) await resolve(await open());
    const single = [...Array(2).fill('opened 0 waiting 0'), ...Array(2).fill('resolved 0 waiting 0')];
    expect(await outbox()).toEqual([...single, 'digest 0 waiting 60']);
    // Another device is told of as ever.
    await open(world.a.spareDevice);
    expect((await outbox()).filter((line) => line.startsWith('opened'))).toHaveLength(3);
  });

  test('takes what is more than a channel may have in an hour', async () => {
    await admin(
      `insert into public.tenant_limits (tenant_id, max_channel_hour) values ($1, 1) on conflict (tenant_id) do update set max_channel_hour = 1`,
      [tenant],
    );
    await addRoute();
    await open();
    await open(world.a.spareDevice);
    expect(await outbox()).toEqual(['opened 0 waiting 0', 'digest 0 waiting 5']);
  });
});

describe('sending', () => {
  test('an attempt that failed is repeated later and later, then given up', async () => {
    await addRoute();
    await open();
    const [item] = await claim();
    expect(await claim()).toEqual([]);
    expect(await finish(item, 'The receiver answered 503.')).toBe(true);
    expect(await finish(item)).toBe(false);
    expect(await claim()).toEqual([]);
    await admin('update ingest.channel_states set retry_at = now()');
    await passTime('10 seconds');
    expect(await claim()).toMatchObject([{ id: item.id, attempts: 2 }]);
    await passTime('25 hours');
    await admin('select ingest.prune_notifications(100)');
    const { rows } = await admin('select state, error from public.notifications');
    expect(rows).toEqual([{ state: 'failed', error: expect.stringMatching(/^The receiver answered 503\. Given up/) }]);
  });

  test('of what was taken by one that died, another has its turn when the lease has ended', async () => {
    await addRoute();
    await open();
    const [dead] = await claim();
    await passTime('31 seconds');
    const [again] = await claim();
    expect(again).toMatchObject({ id: dead.id, content: dead.content });
    expect(await finish(dead)).toBe(false);
    expect(await finish(again)).toBe(true);
  });

  test('a tenant with many waiting delays nobody, and a channel that failed is tried with one', async () => {
    for (let n = 0; n < 3; n++)
      await admin(
        `insert into public.notifications (tenant_id, channel_id, transition, content, due_at)
       select $1, $2, 'test', '{}', now() - interval '1 hour' from generate_series(1, 40)`,
        [tenant, await addChannel(`many-${n}.example`)],
      );
    const other = await addChannel('few.example', world.b.id);
    await admin(
      "insert into public.notifications (tenant_id, channel_id, transition, content) values ($1, $2, 'test', '{}')",
      [world.b.id, other],
    );
    const taken = await claim(4, 6);
    expect(taken.filter(({ tenant_id }) => tenant_id === world.b.id)).toHaveLength(1);
    expect(taken).toHaveLength(4);
    // With those that are being sent, no more than six of one tenant.
    expect(await claim(40, 6)).toHaveLength(3);
    await admin('update ingest.channel_states set failures = 3');
    await passTime('1 minute');
    // One of each channel.
    expect(await claim(40, 10)).toHaveLength(4);
  });

  test('an end waits until the beginning has been sent', async () => {
    await addRoute();
    await resolve(await open());
    const [beginning, ...others] = await claim();
    expect([beginning.transition, others, await claim()]).toEqual(['opened', [], []]);
    await finish(beginning);
    expect((await claim()).map(({ transition }) => transition)).toEqual(['resolved']);
  });

  test('an address that nobody confirmed gets the question alone, and one that refused gets nothing', async () => {
    await admin("update public.notification_channels set kind = 'email', confirmed_at = null");
    await admin(
      `insert into public.notifications (tenant_id, channel_id, transition, content)
       select $1, $2, unnest(array['test', 'confirmation', 'confirmation']), '{}'`,
      [tenant, channel],
    );
    const [question] = await claim(1);
    expect([question.transition, ...(await claim()).map(({ transition }) => transition)]).toEqual([
      'confirmation',
      'confirmation',
    ]);
    await admin('update public.notification_channels set refused_at = now()');
    await passTime('31 seconds');
    expect(await claim()).toEqual([]);
  });

  test('what is about alerts waits until a maintenance is over; a test does not', async () => {
    await addRoute();
    await open();
    await admin(
      "insert into public.notifications (tenant_id, channel_id, transition, content) values ($1, $2, 'test', '{}')",
      [tenant, channel],
    );
    await admin("select access.begin_maintenance('a larger disk', 60, 'operator')");
    expect((await claim()).map(({ transition }) => transition)).toEqual(['test']);
    await admin("select access.end_maintenance('operator')");
    expect((await claim()).map(({ transition }) => transition)).toEqual(['opened']);
  });

  test("a tenant's mails a day are bounded, and the alert shows it", async () => {
    await admin(
      `insert into public.tenant_limits (tenant_id, max_mails_day) values ($1, 1) on conflict (tenant_id) do update set max_mails_day = 1`,
      [tenant],
    );
    await admin('delete from ingest.mail_use');
    await admin("update public.notification_channels set kind = 'email', destination = 'a@acme.example'");
    await addRoute();
    await open();
    await open(world.a.spareDevice);
    expect(await claim()).toHaveLength(1);
    expect((await outbox()).toSorted()).toEqual(['opened 0 failed 0', 'opened 0 waiting 0']);
  });

  test('figures for metrics', async () => {
    await admin('update ingest.notification_totals set sent = 0, failed = 0');
    await admin('delete from public.notifications');
    await addRoute();
    await open();
    await open(world.a.spareDevice);
    await passTime('1 minute');
    const [first] = await claim(1);
    await finish(first);
    const { rows } = await admin('select ingest.notification_figures() as f');
    expect(rows[0].f).toMatchObject({
      notifications_sent_total: 1,
      notifications_failed_total: 0,
      notifications_waiting: 1,
    });
    expect(rows[0].f.notifications_oldest_waiting_seconds).toBeGreaterThanOrEqual(60);
  });
});

describe('what people do', () => {
  beforeEach(() => admin('rollback'));
  const call = (name: string, args: Record<string, unknown>, who = ann) =>
    server
      .asUser(
        who,
        `select public.${name}(${Object.keys(args)
          .map((key, n) => `${key} => $${n + 1}`)
          .join(', ')}) as it`,
        Object.values(args),
      )
      .then(({ rows }) => rows[0].it);

  test('a mail channel is confirmed, and permanently refused, by anyone who reads its mails', async () => {
    const id = await call('add_notification_channel', {
      tenant_id: tenant,
      name: 'On call',
      kind: 'email',
      destination: 'On.Call@acme.example',
    });
    const { rows } = await admin('select * from ingest.claim_notifications(10, 10, 30)');
    expect(rows.find(({ channel_id }) => channel_id === id)).toMatchObject({
      transition: 'confirmation',
      destination: 'On.Call@acme.example',
    });
    await admin("select ingest.note_channel_token($1, sha256('secret token'))", [id]);
    const answer = async (token: string, wanted: boolean) =>
      (await server.admin.query('select public.answer_notification_channel($1, $2) as it', [token, wanted])).rows[0].it;
    expect(await answer('another token', true)).toBeNull();
    expect(await answer('secret token', true)).toBe('acme');
    await call('send_test_notification', { channel_id: id });
    expect(await answer('secret token', false)).toBe('acme');
    await expect(call('send_test_notification', { channel_id: id })).rejects.toMatchObject({ code: BAD_ARGUMENT });
    await expect(call('send_confirmation_again', { channel_id: id })).rejects.toMatchObject({ code: BAD_ARGUMENT });
  });

  test.each([
    'a@b.example\r\nBcc: x@y.example',
    'a@b.example, c@d.example',
    'a b@c.example',
    '<a@b.example>',
    'a@b',
    '"a"@b.example',
    'a@b.example;',
    '@b.example',
  ])('the address %j is none', async (destination) => {
    await expect(
      call('add_notification_channel', { tenant_id: tenant, name: 'x', kind: 'email', destination }),
    ).rejects.toMatchObject({ code: BAD_ARGUMENT });
  });

  test('secrets are taken only sealed, for the key in use, and are shown to nobody', async () => {
    const add = (values: Record<string, unknown>) =>
      call('add_notification_channel', {
        tenant_id: tenant,
        name: 'Hook',
        kind: 'webhook',
        destination: 'Hooks.example.com',
        ...values,
      });
    for (const sealed of [null, 'https://hooks.example.com/token', `${'f'.repeat(16)}.${'A'.repeat(200)}`]) {
      await expect(add({ sealed })).rejects.toMatchObject({ code: BAD_ARGUMENT });
    }
    await add({ sealed: SEALED });
    const { rows } = await admin(
      "select details::text as text from public.audit_log where action like 'notification_channel%'",
    );
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.some(({ text }) => text.includes('AAAAA'))).toBe(false);
  });

  test('tests are bounded in an hour, routes and channels in number', async () => {
    const id = await call('add_notification_channel', {
      tenant_id: tenant,
      name: 'T',
      kind: 'webhook',
      destination: 't.example',
      sealed: SEALED,
    });
    for (let n = 0; n < 20; n++) await call('send_test_notification', { channel_id: id }).catch(() => {});
    await expect(call('send_test_notification', { channel_id: id })).rejects.toMatchObject({ code: REFUSED });
    const route = { channel_id: id, severities: ['info'] };
    await admin('update access.platform_limits set max_routes = 2, max_channels = 0');
    await admin('delete from public.notification_routes');
    for (let n = 0; n < 2; n++) await call('set_notification_route', route);
    await expect(call('set_notification_route', route)).rejects.toMatchObject({ code: REFUSED });
    await expect(
      call('add_notification_channel', {
        tenant_id: tenant,
        name: 'U',
        kind: 'webhook',
        destination: 'u.example',
        sealed: SEALED,
      }),
    ).rejects.toMatchObject({ code: REFUSED });
    await admin('update access.platform_limits set max_routes = 20, max_channels = 10');
    for (const wrong of [
      { severities: ['all'] },
      { severities: [] },
      { time_zone: 'Mars/Base' },
      { time_zone: 'x' },
      { repeat_minutes: 1 },
      { quiet_from: '01:00' },
      { quiet_from: '01:00', quiet_until: '01:00' },
    ]) {
      await expect(call('set_notification_route', { ...route, ...wrong }), JSON.stringify(wrong)).rejects.toMatchObject(
        { code: BAD_ARGUMENT },
      );
    }
  });

  test('a person of another tenant and a viewer change nothing', async () => {
    const other = await makePerson(server.admin, `x${Date.now()}@nowhere.example`);
    const id = await call('add_notification_channel', {
      tenant_id: tenant,
      name: 'V',
      kind: 'webhook',
      destination: 'v.example',
      sealed: SEALED,
    });
    for (const who of [other, world.b.owner, world.a.viewer]) {
      await expect(call('delete_notification_channel', { channel_id: id }, who)).rejects.toThrow();
    }
    await call('delete_notification_channel', { channel_id: id });
    expect((await admin('select from public.notification_channels where id = $1', [id])).rowCount).toBe(0);
  });

  test('a channel that is deleted takes back no test, no confirmation and no refusal', async () => {
    await admin('delete from ingest.test_use; delete from ingest.mail_use; delete from public.notification_channels');
    const add = (kind: string, destination: string, sealed: string | null, who = ann, of = tenant) =>
      call('add_notification_channel', { tenant_id: of, name: kind, kind, destination, sealed }, who);
    const again = async (id: string, who = ann) => call('delete_notification_channel', { channel_id: id }, who);
    let hook = await add('webhook', 'w.example', SEALED);
    for (let n = 0; n < 10; n++) await call('send_test_notification', { channel_id: hook });
    await again(hook);
    hook = await add('webhook', 'w.example', SEALED);
    await expect(call('send_test_notification', { channel_id: hook })).rejects.toMatchObject({ code: REFUSED });

    // Of all tenants together.
    for (let n = 0; n < 3; n++) await again(await add('email', 'Victim@other.example', null));
    for (let n = 0; n < 2; n++)
      await again(await add('email', 'victim@other.example', null, world.b.owner, world.b.id), world.b.owner);
    await expect(add('email', 'victim@other.example', null)).rejects.toMatchObject({ code: REFUSED });

    const mail = await add('email', 'reader@other.example', null);
    await admin("select ingest.note_channel_token($1, sha256('reader'))", [mail]);
    await admin("select public.answer_notification_channel('reader', false)");
    await again(mail);
    await expect(add('email', 'reader@other.example', null)).rejects.toMatchObject({ code: BAD_ARGUMENT });
    await add('email', 'reader@other.example', null, world.b.owner, world.b.id);
  });
});
