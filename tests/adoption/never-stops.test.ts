// The database's steps of all phases, forwards and back, under a device that never stops and the old ingest with its own order of
// statements, through a pooler whose connections are older than every step. `npm run test:adoption` does it with 20,000 messages.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { runOnce } from '../../functions/ingest/run.ts';
import { type Lab, MANY_SESSIONS, startLab } from '../../lab/lab.ts';
import { fillPool, hasPgBouncer, startPgBouncer } from '../../lab/pgbouncer.ts';
import { startScratchPostgres } from '../../lab/scratch-postgres.ts';
import { makeScratchDir } from '../../lab/unprivileged.ts';
import { moveBack } from '../../ops/adopt/database/aside.ts';
import { moveAndFollow } from '../../ops/adopt/database/follow.ts';
import { makeOldDatabase, PASSWORD, roleUrl } from '../../ops/adopt/database/testing/server.ts';
import { applyMigrations } from '../../provisioning/database/apply.ts';
import { connect, withConnection } from '../../provisioning/database/connect.ts';
import { keepLog } from '../support/keep-log.ts';
import { startOldBroker } from './old-broker.ts';
import { OTHERS, OWNERS, startOldIngest } from './old-ingest.ts';
import { startPublisher, type Way } from './publisher.ts';

const MESSAGES = Number(process.env.MQTT_SAAS_TEST_ADOPTION ?? 2000);
const PER_SECOND = 200;

const SETUP = `
  grant create on schema public to old_ingest;
  create table public.tenants (id uuid primary key default gen_random_uuid(), name text);
  create table public.devices (id serial primary key, tenant_id uuid references public.tenants);
  create table public.telemetry (id bigserial primary key, tenant_id uuid references public.tenants, topic text, payload_text text);
  create table public.alerts (id serial primary key, device_id int references public.devices);
  create unique index telemetry_message on public.telemetry (payload_text);
  grant insert on public.telemetry to old_ingest; grant usage on sequence public.telemetry_id_seq to old_ingest`;

const ended: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

describe.skipIf(!hasPgBouncer())('a device that never stops', () => {
  it.each([
    { role: 'postgres', ensure: OWNERS, transaction: true, listenMs: Number.POSITIVE_INFINITY, share: 1 },
    { role: 'old_ingest', ensure: OTHERS, transaction: false, listenMs: 2000, share: 0.1 },
  ])(
    'loses nothing that reached an ingest, which signs in as $role and listens for $listenMs ms',
    async ({ share, ...old }) => {
      const messages = Math.max(1000, MESSAGES * share);
      const dir = makeScratchDir();
      ended.push(() => rmSync(dir, { recursive: true, force: true }));
      const postgres = await startScratchPostgres({ migrate: false });
      ended.push(() => postgres.stop());
      const url = await makeOldDatabase(postgres, SETUP);
      const passwords = { postgres: new URL(url).password, old_ingest: PASSWORD };
      const pooler = await startPgBouncer(join(dir, 'pooler'), postgres.port, passwords);
      ended.push(() => pooler.stop());
      const databaseUrl = roleUrl(url, old.role, pooler.port);
      await fillPool(databaseUrl);
      const owner = roleUrl(url, 'postgres', pooler.port);
      const broker = await startOldBroker(dir);
      ended.push(() => broker.stop());
      const device = await mqtt.connectAsync(broker.url);
      ended.push(() => device.endAsync(true));
      const oldWay: Way = { name: 'old', client: device, topic: 'devices/pump-1/telemetry', qos: 0, payload: String };

      const startIngest = () => startOldIngest({ brokerUrl: broker.url, databaseUrl, ...old, pauseMs: 200 });
      let ingest = startIngest();
      const ingests = [ingest];
      ended.push(() => Promise.allSettled(ingests.map((each) => each.stop())));
      await ingest.listening();
      const publisher = startPublisher(oldWay, PER_SECOND, () => ingest.waiting() < 50);
      ended.push(() => publisher.stop().catch(() => {}));

      // Phase 0 and its way back, twice; then forwards.
      const aside = () => withConnection(owner, (client) => moveAndFollow(client, { role: old.role, seconds: 30 }));
      await publisher.reached(messages * 0.1);
      expect(await aside()).toMatchObject({ arrives: true, schema: old.role });
      await publisher.reached(messages * 0.2);
      expect((await applyMigrations(owner)).applied.length).toBeGreaterThan(20);
      for (const at of [0.3, 0.45]) {
        await publisher.reached(messages * at);
        await withConnection(owner, moveBack);
        await publisher.reached(messages * (at + 0.1));
        expect(await aside()).toMatchObject({ arrives: true });
        expect(await applyMigrations(owner)).toEqual({ applied: [] });
      }

      // Phase 2, its way back, and again: the device is held back while it moves, and keeps what it has.
      const rig = await startLab({
        devices: 1,
        broker: MANY_SESSIONS,
        on: { ...postgres, url },
        pooler: true,
      });
      ended.push(() => rig.stop());
      await runOnce(rig.settings('mqtt_ingest'), keepLog().log, new AbortController().signal);
      const newWay = await registeredDevice(rig);
      for (const at of [0.65, 0.85]) {
        await publisher.reached(messages * at);
        await publisher.hold();
        // An ingest that always listens gets all; of one that does not, the device's last words may be lost.
        const hasAll = () => ingests.flatMap((each) => each.received).length === publisher.sent.old.length;
        if (!Number.isFinite(old.listenMs)) await expect.poll(hasAll, { timeout: 60_000 }).toBe(true);
        await ingest.stop();
        publisher.use(newWay);
        const stopIngest = runIngest(rig);
        await publisher.reached(messages * (at + 0.1));
        await publisher.hold();
        await stopIngest();
        if (at > 0.8) break;
        ingest = startIngest();
        ingests.push(ingest);
        await ingest.listening();
        publisher.use(oldWay);
      }
      publisher.use(newWay);
      await publisher.reached(messages);
      await publisher.stop();
      await runIngest(rig)();

      // Each message is in exactly one table, once.
      const received = ingests.flatMap((each) => each.received);
      expect(ingests.flatMap((each) => each.failed)).toEqual([]);
      const admin = await connect(url);
      ended.push(() => admin.end());
      const ids = async (sql: string) => (await admin.query<{ id: number }>(sql)).rows.map(({ id }) => id);
      const stored = await ids(`select payload_text::int as id from ${old.role}.telemetry order by 1`);
      expect(stored).toEqual([...received].sort((a, b) => a - b));
      expect(await ids(`select (payload ->> 'n')::int as id from public.telemetry order by 1`)).toEqual(
        publisher.sent.new,
      );
      expect(publisher.count()).toBe(publisher.sent.old.length + publisher.sent.new.length);

      // By design, QoS 0 and clean sessions: what comes while nobody listens. One stretch each time, and no other.
      const reached = new Set(received);
      const lost = publisher.sent.old.filter((id) => !reached.has(id));
      const stretches = lost.filter((id) => !lost.includes(id - 1)).length;
      const gaps = ingests.reduce((sum, each) => sum + each.gaps(), 0);
      console.log(
        `${publisher.count()} messages: ${stored.length} in the old table, ${publisher.sent.new.length} in the new, ` +
          `${lost.length} sent while the old ingest did not listen, in ${stretches} of its ${gaps} pauses`,
      );
      expect(stretches).toBeLessThanOrEqual(Number.isFinite(old.listenMs) ? gaps : 0);
    },
    900_000,
  );
});

async function registeredDevice(rig: Lab): Promise<Way> {
  const device = rig.devices[0]!;
  const client = await device.connect();
  ended.push(() => client.endAsync(true));
  return { name: 'new', client, topic: device.topic, qos: 1, payload: (id) => JSON.stringify({ n: id }) };
}

/** The new ingest, run after run. @returns what ends it, when nothing waits any more. */
function runIngest(rig: Lab): () => Promise<void> {
  let stopping = false;
  const running = (async () => {
    for (;;) {
      const isLast = stopping;
      const result = await runOnce(rig.settings('mqtt_ingest'), keepLog('info').log, new AbortController().signal);
      if (result.outcome === 'failed') throw new Error(JSON.stringify(result.error));
      if (isLast) return;
      await sleep(50);
    }
  })();
  return () => {
    stopping = true;
    return running;
  };
}
