// From an alert's transition to the outbox: routes, quiet hours, escalation, repetition, digests, bounds.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Outbox, SEALED, startOutbox } from './testing/outbox.ts';

let outbox: Outbox;
beforeAll(async () => {
  outbox = await startOutbox();
});
afterAll(() => outbox.server.stop());
beforeEach(() => outbox.begin());

describe('a route', () => {
  test('tells once of the beginning and once of the end, whatever else the alert does', async () => {
    await outbox.addRoute();
    const alert = await outbox.open();
    await outbox.admin('update public.alerts set last_seen_at = now(), value = 6 where id = $1', [alert]);
    await outbox.acknowledge(alert);
    await outbox.resolve(alert);
    expect(await outbox.lines()).toEqual(['opened 0 waiting 0', 'resolved 0 waiting 0']);
  });

  test('tells only of its severities, and only what is switched on and confirmed', async () => {
    await outbox.addRoute({ severities: ['critical'] });
    await outbox.addRoute({ enabled: false });
    await outbox.open();
    expect(await outbox.lines()).toEqual([]);
    await outbox.admin("update public.alert_rules set severity = 'critical'");
    await outbox.admin('update public.notification_channels set confirmed_at = null');
    await outbox.open(outbox.world.a.spareDevice);
    expect(await outbox.lines()).toEqual([]);
  });

  test('tells of no end where it should not, and two of them to one channel tell once', async () => {
    await outbox.addRoute({ tells_resolved: false });
    await outbox.addRoute({ tells_resolved: false });
    await outbox.resolve(await outbox.open());
    expect(await outbox.lines()).toEqual(['opened 0 waiting 0']);
  });

  test('tells only of devices with one of its tags, if it has any', async () => {
    await outbox.admin("update public.devices set tags = '{floor-1,pumps}' where id = $1", [outbox.world.a.device]);
    await outbox.addRoute({ tags: ['fans', 'pumps'] });
    await outbox.resolve(await outbox.open(outbox.world.a.spareDevice));
    expect(await outbox.lines()).toEqual([]);
    const alert = await outbox.open();
    await outbox.resolve(alert);
    expect(await outbox.lines()).toEqual(['opened 0 waiting 0', 'resolved 0 waiting 0']);
    // A digest, too, is of such devices alone.
    const digest = 'select access.digest_content($1, $2, now()) as it';
    const { rows } = await outbox.admin(digest, [outbox.tenant, outbox.channel]);
    expect(rows[0].it).toMatchObject({ opened: 1, resolved: 1, newest: [{ alert_id: alert }] });
  });

  test('repeats nothing of a device that lost its tag', async () => {
    await outbox.admin("update public.devices set tags = '{pumps}'");
    await outbox.addRoute({ tags: ['pumps'], repeat_minutes: 5 });
    await outbox.open();
    const [item] = await outbox.claim();
    await outbox.admin("update public.devices set tags = '{}'");
    await outbox.finish(item);
    expect(await outbox.lines()).toEqual(['opened 0 sent 0']);
  });

  test('says what it is about as it was then', async () => {
    await outbox.addRoute();
    await outbox.open();
    await outbox.admin("update public.alert_rules set name = 'other'");
    const [item] = await outbox.claim();
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
    await outbox.addRoute({ after_minutes: 30 });
    const alert = await outbox.open();
    expect(await outbox.lines()).toEqual(['escalated 30 waiting 30']);
    expect(await outbox.claim()).toEqual([]);
    await outbox.acknowledge(alert);
    await outbox.resolve(alert);
    expect(await outbox.lines()).toEqual(['escalated 30 cancelled 30']);
  });

  test('one that asks for the end goes on when it is acknowledged, and tells of the end', async () => {
    await outbox.addRoute({ after_minutes: 30, until: 'resolved' });
    const alert = await outbox.open();
    await outbox.acknowledge(alert);
    await outbox.passTime('31 minutes');
    expect(await outbox.finish((await outbox.claim())[0])).toBe(true);
    await outbox.resolve(alert);
    expect(await outbox.lines()).toEqual(['escalated 30 sent -1', 'resolved 0 waiting 0']);
  });

  test('a repetition follows each that was sent, until somebody looks after it', async () => {
    await outbox.addRoute({ repeat_minutes: 10 });
    const alert = await outbox.open();
    for (let n = 1; n <= 3; n++) {
      await outbox.finish((await outbox.claim())[0]);
      expect((await outbox.lines()).at(-1)).toBe(`repeated ${n} waiting 10`);
      await outbox.passTime('10 minutes');
    }
    await outbox.acknowledge(alert);
    expect((await outbox.lines()).filter((line) => line.includes('waiting'))).toEqual([]);
    expect(await outbox.claim()).toEqual([]);
  });

  test('none follows once the alert is over, although one was being sent', async () => {
    await outbox.addRoute({ repeat_minutes: 10 });
    const alert = await outbox.open();
    const [item] = await outbox.claim();
    await outbox.resolve(alert);
    await outbox.finish(item);
    expect(await outbox.lines()).toEqual(['opened 0 sent 0', 'resolved 0 waiting 0']);
  });
});

describe('a digest', () => {
  test('takes what a flapping device does beyond the bound of its route', async () => {
    await outbox.addRoute({ digest_above: 4 });
    for (let n = 0; n < 4; n++) await outbox.resolve(await outbox.open());
    const single = [...Array(2).fill('opened 0 waiting 0'), ...Array(2).fill('resolved 0 waiting 0')];
    expect(await outbox.lines()).toEqual([...single, 'digest 0 waiting 60']);
    // Another device is told of as ever.
    await outbox.open(outbox.world.a.spareDevice);
    expect((await outbox.lines()).filter((line) => line.startsWith('opened'))).toHaveLength(3);
  });

  test('takes what is more than a channel may have in an hour', async () => {
    await outbox.admin(
      `insert into public.tenant_limits (tenant_id, max_channel_hour) values ($1, 1) on conflict (tenant_id) do update set max_channel_hour = 1`,
      [outbox.tenant],
    );
    await outbox.addRoute();
    await outbox.open();
    await outbox.open(outbox.world.a.spareDevice);
    expect(await outbox.lines()).toEqual(['opened 0 waiting 0', 'digest 0 waiting 5']);
  });

  test('is of all routes to its channel: without one of them it is sent, without any it is not', async () => {
    const route = { quiet_from: '00:00', quiet_until: '12:00', time_zone: 'UTC', after_minutes: 0 };
    for (const id of ['1', '2'])
      await outbox.addRoute({ ...route, id: `00000000-0000-4000-8000-00000000000${id}`, digest_above: 1 });
    await outbox.resolve(await outbox.open());
    const digests = async () => (await outbox.lines()).filter((line) => line.startsWith('digest'));
    expect(await digests()).toEqual([expect.stringContaining('waiting')]);
    const remove = async (id: string) => {
      await outbox.admin('delete from public.notification_routes where id = $1', [id]);
      await outbox.admin('select access.cancel_route($1, $2)', [outbox.tenant, id]);
    };
    await remove('00000000-0000-4000-8000-000000000001');
    expect(await digests()).toEqual([expect.stringContaining('waiting')]);
    await remove('00000000-0000-4000-8000-000000000002');
    expect(await digests()).toEqual([expect.stringContaining('cancelled')]);
  });

  test('goes along with a route that is moved to another channel, unless another route stays', async () => {
    const route = { quiet_from: '00:00', quiet_until: '12:00', time_zone: 'UTC', digest_above: 1 };
    await outbox.addRoute(route);
    await outbox.addRoute({ ...route, severities: ['warning'] });
    await outbox.resolve(await outbox.open());
    const other = await outbox.addChannel('other.example.com');
    const move = (severities: string) =>
      outbox.admin('update public.notification_routes set channel_id = $1 where cardinality(severities) = $2', [
        other,
        severities,
      ]);
    const digests = async () =>
      (
        await outbox.admin(
          `select channel_id = $1 as moved, access.digest_content(tenant_id, channel_id, since) -> 'opened' as opened
           from public.notifications where transition = 'digest' and state = 'waiting'`,
          [other],
        )
      ).rows;
    await move('3');
    expect(await digests()).toEqual([{ moved: false, opened: 1 }]);
    await move('1');
    expect(await digests()).toEqual([{ moved: true, opened: 1 }]);
  });
});

describe('the work of a statement', () => {
  const DEVICES = 60;
  const ROUTES = 8;

  /** Calls of the functions, and rows read of the tables, that this transaction has made so far. */
  const done = async (): Promise<Record<string, number>> => {
    const { rows } = await outbox.admin(`
      select funcname as name, calls as n from pg_stat_xact_user_functions
      union all
      select relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables`);
    return Object.fromEntries(rows.map(({ name, n }) => [name, Number(n)]));
  };
  const workOf = async (act: () => Promise<unknown>) => {
    const before = await done();
    await act();
    const after = await done();
    return (name: string) => (after[name] ?? 0) - (before[name] ?? 0);
  };

  test('with many alerts is that of one, and a little for each alert', async () => {
    await outbox.admin("set local track_functions = 'pl'");
    await outbox.admin('alter table public.devices disable trigger user');
    await outbox.admin(
      "insert into public.devices (tenant_id, slug, name) select $1, 'many-' || n, 'x' from generate_series(1, $2) as n",
      [outbox.tenant, DEVICES],
    );
    for (let n = 0; n < ROUTES; n++)
      await outbox.addRoute({
        channel_id: await outbox.addChannel(`w${n}.example`),
        quiet_from: '00:00',
        quiet_until: '00:01',
      });
    // Alerts of the days before, so that the planner knows the table.
    await outbox.admin(
      `insert into public.alerts (tenant_id, rule_id, device_id, opened_at, last_seen_at, resolved_at, value, message)
       select tenant_id, $2, id, at, at, at, 5, 'x' from public.devices, generate_series(now() - '20 days'::interval, now() - '1 day'::interval, '1 day') as at
       where tenant_id = $1`,
      [outbox.tenant, outbox.world.a.rule],
    );
    await outbox.admin('analyze public.alerts');
    const openAll = (most: number) =>
      outbox.admin(
        `insert into public.alerts (tenant_id, rule_id, device_id, opened_at, last_seen_at, value, message)
         select tenant_id, $2, id, now(), now(), 5, 'x' from public.devices where tenant_id = $1 and slug like 'many-%' limit $3`,
        [outbox.tenant, outbox.world.a.rule, most],
      );
    const one = await workOf(() => openAll(1));
    await outbox.admin('delete from public.alerts where resolved_at is null');
    const many = await workOf(() => openAll(DEVICES));
    const resolved = await workOf(() =>
      outbox.admin('update public.alerts set resolved_at = now() where resolved_at is null'),
    );
    const seenAgain = await workOf(() =>
      outbox.admin('update public.alerts set last_seen_at = now() where resolved_at = now()'),
    );

    expect(one('after_quiet')).toBe(3 * ROUTES);
    for (const work of [many, resolved]) {
      for (const name of ['plan_notifications', 'route_times', 'after_quiet', 'limit_of', 'notification_routes'])
        expect(work(name), name).toBe(one(name));
      // For each alert, however many are told of it.
      for (const name of ['alert_rules', 'devices', 'tenants'])
        expect(work(name), name).toBeLessThanOrEqual(DEVICES * 4);
      // Beside that, the foreign key looks at the alert of each notification.
      expect(work('alerts')).toBeLessThanOrEqual(DEVICES * (ROUTES + 3));
    }
    expect(seenAgain('plan_notifications')).toBe(0);
    expect((await outbox.lines()).filter((line) => line.startsWith('opened'))).toHaveLength(DEVICES * ROUTES);
  });
});
