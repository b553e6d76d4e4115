// Nothing is lost and nothing is doubled: a thousand transitions through a pooler in transaction mode, while the receiver is away for a while and the
// sender is killed again and again.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateKey } from '../../domain/credentials.ts';
import { startChild, stopChild } from '../../lab/child.ts';
import { fillPool, hasPgBouncer, type PgBouncer, startPgBouncer } from '../../lab/pgbouncer.ts';
import { makeScratchDir } from '../../lab/unprivileged.ts';
import { setLogin } from '../../provisioning/database/login.ts';
import { startTestDatabase, type TestDatabase } from '../../provisioning/database/testing/database.ts';
import { addRoute, type Receivers, startReceivers } from './testing/receivers.ts';

const DEVICES = 500;
const KILLS = 10;
const MAILS = 5;

describe.skipIf(!hasPgBouncer())('the sender, killed and begun again', () => {
  let dir: string;
  let server: TestDatabase;
  let pooler: PgBouncer;
  let receivers: Receivers;
  let tenant: string;
  let environment: NodeJS.ProcessEnv;
  beforeAll(async () => {
    dir = makeScratchDir();
    server = await startTestDatabase();
    receivers = await startReceivers();
    const key = generateKey();
    await setLogin(server.admin, 'mqtt_ingest', key);
    pooler = await startPgBouncer(join(dir, 'pooler'), Number(new URL(server.postgres.url).port), { mqtt_ingest: key });
    const url = new URL(server.postgres.url);
    Object.assign(url, { port: String(pooler.port), username: 'mqtt_ingest', password: key });
    await fillPool(url.href);
    environment = { ...process.env, ...receivers.settings, EXTERNAL_DATABASE_CONNECTION_STRING: url.href };
    const { rows } = await server.admin.query(
      `with t as (insert into public.tenants (slug, name) values ('acme', 'Acme') returning id),
         l as (insert into public.tenant_limits (tenant_id, max_channel_hour) select id, 100000 from t),
         d as (insert into public.devices (tenant_id, slug, name) select id, 'd-' || n, 'd' from t, generate_series(1, $1) as n)
       insert into public.alert_rules (tenant_id, name, kind, window_minutes) select id, 'silent', 'missing', 5 from t
       returning tenant_id as id`,
      [DEVICES],
    );
    tenant = rows[0].id;
    await addRoute(server.admin, tenant, await receivers.addWebhook(server.admin, tenant));
  });
  afterAll(async () => {
    await receivers?.stop();
    await pooler?.stop();
    await server?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const start = () =>
    startChild(process.execPath, [join(import.meta.dirname, 'testing/sender.ts')], {
      env: environment,
      stdio: 'inherit',
    });
  const open = (from: number, to: number) =>
    server.admin.query(
      `insert into public.alerts (tenant_id, rule_id, device_id, opened_at, last_seen_at, message)
       select r.tenant_id, r.id, d.id, now(), now(), 'silent' from public.alert_rules as r join public.devices as d using (tenant_id)
       where substr(d.slug, 3)::int between $1 and $2`,
      [from, to],
    );
  const states = async () =>
    Object.fromEntries(
      (await server.admin.query('select state, count(*)::int as n from public.notifications group by 1')).rows.map(
        ({ state, n }) => [state, n],
      ),
    );

  test('every transition arrives, and each repeat has the id of the first', async () => {
    let sender = start();
    const share = DEVICES / KILLS;
    for (let n = 0; n < KILLS; n++) {
      await open(n * share + 1, (n + 1) * share);
      if (n > 0)
        await server.admin.query(
          'update public.alerts set resolved_at = now() where resolved_at is null and device_id in (select id from public.devices where substr(slug, 3)::int <= $1)',
          [n * share],
        );
      // Cut in the middle of requests and of their notes.
      receivers.answer = n === 3 ? 503 : n === 4 ? 0 : 204;
      receivers.delayMs = n % 2 === 0 ? 0 : 50;
      const before = receivers.requests.length;
      if (receivers.answer === 204) await expect.poll(() => receivers.requests.length).toBeGreaterThan(before + 5);
      else await pause(300);
      sender.kill('SIGKILL');
      await stopChild(sender);
      // Time passes: the leases of the dead one end.
      await server.admin.query("update public.notifications set leased_until = leased_until - interval '15 seconds'");
      sender = start();
    }
    receivers.answer = 204;
    receivers.delayMs = 0;
    await server.admin.query('update public.alerts set resolved_at = now() where resolved_at is null');
    await expect.poll(states, { timeout: 150_000, interval: 500 }).toEqual({ sent: 2 * DEVICES });
    await stopChild(sender, 'SIGKILL');

    const { rows } = await server.admin.query('select id, alert_id, transition from public.notifications');
    const sent = new Map(rows.map(({ id, ...of }) => [id, of]));
    const told = new Map(receivers.requests.map(({ id, body }) => [id, body]));
    // 0 lost, 0 doubled by key.
    expect([...told.keys()].toSorted()).toEqual([...sent.keys()].toSorted());
    for (const { id, body } of receivers.requests) {
      // The same each time that it came.
      expect(body).toEqual(told.get(id));
      expect({ alert_id: body.data.alert_id, type: body.type }).toEqual({
        alert_id: sent.get(id)!.alert_id,
        type: `alert.${sent.get(id)!.transition}`,
      });
    }
    const first = new Map<string, number>();
    for (const [n, { id }] of receivers.requests.entries()) if (!first.has(id)) first.set(id, n);
    const opened = new Map(
      rows.filter((row) => row.transition === 'opened').map((row) => [row.alert_id, first.get(row.id)!]),
    );
    for (const row of rows.filter((one) => one.transition === 'resolved')) {
      expect(first.get(row.id)).toBeGreaterThan(opened.get(row.alert_id)!);
    }
  });

  test('mails have one Message-ID each, however often they come', async () => {
    await server.admin.query('delete from public.notification_channels where tenant_id = $1', [tenant]);
    await addRoute(server.admin, tenant, await receivers.addMail(server.admin, tenant, 'on-call@acme.example'));
    const sender = start();
    await open(1, MAILS);
    await expect.poll(states).toEqual({ sent: MAILS });
    await stopChild(sender, 'SIGKILL');
    const { rows } = await server.admin.query('select id from public.notifications');
    expect(receivers.mails.map(({ messageId }) => messageId).toSorted()).toEqual(
      rows.map(({ id }) => `<${id}@platform.example>`).toSorted(),
    );
    expect(receivers.mails[0]).toMatchObject({
      subject: expect.stringMatching(/^\[warning\] silent: d-\d opened$/),
      to: [{ address: 'on-call@acme.example' }],
    });
  });
});
