// Redrives that people ask for, carried out with ingest's own role, in turns and by a worker.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, type LabDevice, MANY_SESSIONS, startLab } from '../../lab/lab.ts';
import { endTopic, keepTopic } from '../../provisioning/database/former-topics.ts';
import { keepLog } from '../../tests/support/keep-log.ts';
import { poison, refusePoison } from '../../tests/support/poison.ts';
import { openStoreRig, type StoreRig } from '../../tests/support/store-rig.ts';
import { openDatabase } from '../database/connection.ts';
import type { Logger } from '../runtime/log.ts';
import { runWorker } from '../worker/worker.ts';
import { redrive, redriveRequested } from './redrive.ts';
import { carryOutRedrives } from './redrive-requests.ts';

let rig: Lab;
let store: StoreRig;
beforeAll(async () => {
  rig = await startLab({ devices: 2, broker: MANY_SESSIONS });
  await refusePoison(rig.admin);
  store = await openStoreRig(rig, 'requests');
});
afterAll(async () => {
  await store.stop();
  await rig.stop();
});

/** A device that ingest does not know yet, with dead letters of these payloads; `register` makes it known. */
async function lettersOf(name: string, payloads: string[]) {
  const topic = `tenants/acme/devices/${name}/telemetry`;
  const device: LabDevice = { ...rig.devices[0]!, device: name, topic };
  await store.write(device, payloads);
  const { rows } = await rig.admin.query<{ id: string }>(
    'select id::text from public.dead_letters where topic = $1 order by id',
    [topic],
  );
  const ids = rows.map(({ id }) => id);
  return {
    device,
    ids,
    register: async () => {
      const made = await rig.admin.query<{ id: string }>(
        `insert into public.devices (tenant_id, slug, name)
         select id, $1, $1 from public.tenants where slug = 'acme' returning id`,
        [name],
      );
      device.id = made.rows[0]!.id;
    },
    ask: (which = ids) =>
      rig.admin.query('update public.dead_letters set redrive_requested_at = now() where id = any ($1)', [which]),
    states: async () =>
      (
        await rig.admin.query(
          `select redriven_as as became, redrive_requested_at is not null as due, reason
           from public.dead_letters where topic = $1 order by id`,
          [topic],
        )
      ).rows,
  };
}

async function turn(name: string, log: Logger, leftMs?: () => number) {
  const database = openDatabase(rig.settings(name).database);
  await carryOutRedrives(database, log, leftMs);
  await database.close();
}

test('a turn carries requests out, and nothing else', async () => {
  const letters = await lettersOf('asked', ['{"message_id":"a"}', '{"message_id":"b"}', 'bad']);
  await letters.register();
  await letters.ask([letters.ids[0]!, letters.ids[2]!]);
  const { log, lines } = keepLog('info');
  await turn('asked', log);
  expect(await letters.states()).toEqual([
    { became: 'stored', due: true, reason: 'unknown-device' },
    { became: null, due: false, reason: 'unknown-device' },
    { became: null, due: false, reason: 'not-json' },
  ]);
  expect((await rig.rows(letters.device)).map(({ payload }) => payload)).toEqual([{ message_id: 'a' }]);
  expect(lines).toContainEqual(expect.objectContaining({ redriven: { stored: 1, duplicate: 0, refused: 1, gone: 0 } }));
});

test('no letter is begun when time is up; what is left stays due, and the next turn goes on', async () => {
  const letters = await lettersOf('many', [
    '{"message_id":"1"}',
    '{"message_id":"2"}',
    '{"message_id":"3"}',
    '{"message_id":"4"}',
  ]);
  await letters.register();
  await letters.ask();
  const stored = async () => (await letters.states()).filter(({ became }) => became === 'stored').length;
  let left = 3;
  await turn('many', keepLog().log, () => --left);
  expect(await stored()).toBe(2);
  await turn('many', keepLog().log);
  expect(await stored()).toBe(4);
});

test('a letter whose topic was cut is still the reading that it was', async () => {
  const pump = rig.devices[0]!;
  const former = 'devices/long';
  const device = { ...pump, topic: `${former}/${'x'.repeat(2000)}` };
  const reading = [`{"ts":${Date.now()},"v":1}`];
  await store.write(device, reading);
  const { rows } = await rig.admin.query('select max(id)::text as id from public.dead_letters');
  await keepTopic(rig.admin, { ...pump, topic: former, until: '2099-12-31' });
  expect(await redrive(rig.admin, rows[0].id)).toEqual({ outcome: 'stored' });
  const { tallies } = await store.write(device, reading);
  expect(tallies.get(pump.tenant)).toMatchObject({ stored: 0, duplicate: 1 });
});

test('a refused one leaves nothing behind, and can be asked for again', async () => {
  const letters = await lettersOf('again', [poison({ message_id: 'deep' }), '{"message_id":"late"}']);
  const database = openDatabase(rig.settings('again').database);
  const { log } = keepLog();
  await letters.ask();
  await carryOutRedrives(database, log);
  expect((await letters.states()).map(({ due }) => due)).toEqual([false, false]);
  await letters.register();
  await letters.ask();
  await carryOutRedrives(database, log);
  expect(await letters.states()).toEqual([
    { became: null, due: false, reason: 'database-rejected' },
    { became: 'stored', due: true, reason: 'unknown-device' },
  ]);
  expect((await rig.admin.query("select from ingest.untimed where message_id = 'deep'")).rowCount).toBe(0);
  expect((await rig.admin.query('select from public.ingest_residuals')).rowCount).toBe(0);
  await database.close();
});

test('a letter that the database takes too long for is refused, and the letters behind it are redriven', async () => {
  const letters = await lettersOf('stuck', [`[${poison()},1]`, '{"message_id":"behind"}']);
  await letters.register();
  await rig.admin.query(`
    create function public.refuse_status() returns trigger language plpgsql as $$ begin
      raise exception 'canceling statement due to statement timeout' using errcode = 'query_canceled';
    end $$;
    create trigger refuse_status before insert on public.device_status for each row when (new.last_received_at < now() - interval '1 hour')
      execute function public.refuse_status();
    update public.dead_letters set received_at = now() - interval '2 hours', payload = '{"message_id":"stuck"}', readings = 2
    where id = ${letters.ids[0]}`);
  await letters.ask();
  const database = openDatabase(rig.settings('stuck').database);
  const { log, lines } = keepLog('info');
  await carryOutRedrives(database, log);
  await database.close();
  await rig.admin.query('drop trigger refuse_status on public.device_status; drop function public.refuse_status()');
  expect(await letters.states()).toEqual([
    { became: null, due: false, reason: 'database-rejected' },
    { became: 'stored', due: true, reason: 'unknown-device' },
  ]);
  expect(lines).toMatchObject([{ redriven: { stored: 1, refused: 1 } }]);
  const { rows } = await rig.admin.query('select detail, readings from public.dead_letters where id = $1', [
    letters.ids[0],
  ]);
  expect(rows).toEqual([{ detail: '57014: canceling statement due to statement timeout', readings: 2 }]);
});

test("ingest's role can take a letter that somebody asked for, no other, and none twice", async () => {
  const letters = await lettersOf('mine', ['{"message_id":"m"}', '{"message_id":"n"}']);
  await letters.register();
  const [one, two] = [openDatabase(rig.settings('mine').database), openDatabase(rig.settings('mine').database)];
  const take = (database: typeof one, id: string) =>
    database.transaction('', (client) => redriveRequested(client, id).then(({ outcome }) => outcome));
  expect(await take(one, letters.ids[0]!)).toBe('gone');
  await letters.ask();
  const outcomes = await Promise.all([one, two].flatMap((database) => letters.ids.map((id) => take(database, id))));
  expect(outcomes.sort()).toEqual(['gone', 'gone', 'stored', 'stored']);
  await expect(one.query('select from public.dead_letters', [])).rejects.toMatchObject({ code: '42501' });
  await Promise.all([one.close(), two.close()]);
});

test('a worker carries requests out within seconds, and looks at the alert rules', async () => {
  const letters = await lettersOf('waiting', ['{"message_id":"w"}']);
  await letters.register();
  const [device] = rig.devices;
  await rig.admin.query(
    `insert into public.alert_rules (tenant_id, name, kind, device_id, field, comparison, threshold, window_minutes, severity)
     select tenant_id, 'hot', 'threshold', id, 't', 'above', 30, 5, 'warning' from public.devices where id = $1`,
    [device!.id],
  );
  await store.write(device!, ['{"t":31}']);
  const { log } = keepLog();
  const stopping = new AbortController();
  const worker = runWorker(rig.settings('waiting'), log, stopping.signal);
  await letters.ask();
  await expect.poll(async () => (await letters.states())[0]?.became, { timeout: 20_000 }).toBe('stored');
  const alerts = () => rig.admin.query('select from public.alerts where resolved_at is null');
  await expect.poll(async () => (await alerts()).rowCount, { timeout: 20_000 }).toBe(1);
  stopping.abort();
  await worker;
});

test('what came on a former topic never becomes another tenant’s, even by a redrive', async () => {
  const database = openDatabase(rig.settings('former').database);
  const topic = 'devices/passed';
  const [acme, umbrella] = [rig.devices[0]!, rig.devices.at(-1)!];
  const until = '2099-12-31';
  const send = async (payload: string) => {
    await store.write({ ...acme, topic: `${topic}/telemetry` }, [payload]);
    const { rows } = await rig.admin.query('select max(id)::text as id from public.dead_letters');
    return rows[0].id as string;
  };
  const states = async (ids: string[]) =>
    (
      await rig.admin.query(
        `select t.slug as tenant, l.reason, l.redriven_as as became from public.dead_letters as l
         left join public.tenants as t on t.id = l.tenant_id where l.id = any ($1) order by l.id`,
        [ids],
      )
    ).rows;
  const nobodys = await send('{"message_id":"before"}');
  await keepTopic(rig.admin, { ...acme, topic, until });
  expect(await redrive(rig.admin, nobodys)).toEqual({ outcome: 'stored' });

  const refused = await send('refused');
  // The device is gone; what waited comes then.
  await rig.admin.query('update broker.former_topics set device_id = null');
  const orphan = await send('{"message_id":"orphan"}');
  // Its tenant, too.
  await rig.admin.query('update broker.former_topics set tenant_id = null');
  const unknown = await send('{"message_id":"unknown"}');
  const ids = [refused, orphan, unknown];
  const before = [
    { tenant: 'acme', reason: 'not-json', became: null },
    { tenant: 'acme', reason: 'unknown-device', became: null },
    { tenant: null, reason: 'bad-topic', became: null },
  ];
  expect(await states(ids)).toEqual(before);

  await endTopic(rig.admin, topic, true);
  await keepTopic(rig.admin, { ...umbrella, topic, until });
  const count = 'select from public.telemetry where tenant_id = (select id from public.tenants where slug = $1)';
  const stored = (await rig.admin.query(count, ['umbrella'])).rowCount;
  // A payload that is well-formed now, as under a limit that has been lifted.
  await rig.admin.query(`update public.dead_letters set payload = '{"message_id":"refused"}' where id = $1`, [refused]);
  for (const id of ids) {
    expect(await redrive(rig.admin, id)).toMatchObject({
      outcome: 'refused',
      reason: 'bad-topic',
      detail: "the topic is another tenant's now",
    });
  }
  await rig.admin.query('update public.dead_letters set redrive_requested_at = now() where id = any ($1)', [ids]);
  await carryOutRedrives(database, keepLog().log);
  expect((await states(ids)).map(({ tenant, became }) => [tenant, became])).toEqual([
    ['acme', null],
    ['acme', null],
    [null, null],
  ]);
  expect((await rig.admin.query(count, ['umbrella'])).rowCount).toBe(stored);
  // The next tenant's own is its own.
  const own = await send('bad');
  await rig.admin.query(`update public.dead_letters set payload = '{"message_id":"own"}' where id = $1`, [own]);
  expect(await redrive(rig.admin, own)).toEqual({ outcome: 'stored' });
  expect(await states([own])).toMatchObject([{ tenant: 'umbrella', became: 'stored' }]);
  await database.close();
});
