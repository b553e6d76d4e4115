import { gzipSync } from 'node:zlib';
import { encode } from 'cborg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { redrive } from '../functions/ingest/redrive.ts';
import { type Lab, type LabDevice, MANY_SESSIONS, startLab } from '../lab/lab.ts';
import { connect } from '../provisioning/database/connect.ts';
import { poison, refusePoison } from '../tests/support/poison.ts';
import { openStoreRig, type StoreRig } from '../tests/support/store-rig.ts';
import { discardLetters } from './dead-letters-table.ts';
import { runOps } from './testing/run.ts';

let rig: Lab;
let store: StoreRig;
beforeAll(async () => {
  rig = await startLab({ devices: 8, broker: MANY_SESSIONS });
  await refusePoison(rig.admin);
  store = await openStoreRig(rig, 'letters');
});
afterAll(async () => {
  await store.stop();
  await rig.stop();
});

/** Runs `ops dead-letters …` on the rig's database. */
const ops = (...args: string[]) => runOps(['dead-letters', ...args], { DATABASE_URL: rig.postgres.url });

const idsOf = async ({ topic }: { topic: string }) =>
  (
    await rig.admin.query<{ id: string }>('select id::text from public.dead_letters where topic = $1 order by id', [
      topic,
    ])
  ).rows.map(({ id }) => id);

/** A device that ingest does not know yet, and the way to register it. */
async function strangerNamed(name: string) {
  const topic = `tenants/acme/devices/${name}/telemetry`;
  const device: LabDevice = { ...rig.devices[0]!, device: name, topic };
  const register = async () => {
    const { rows } = await rig.admin.query<{ id: string }>(
      `insert into public.devices (tenant_id, slug, name) select id, $1, $1 from public.tenants where slug = 'acme' returning id`,
      [name],
    );
    device.id = rows[0]!.id;
  };
  return { device, register };
}

test('list shows what is there, newest first, by tenant and reason', async () => {
  const [acme, umbrella] = [rig.devices[0]!, rig.devices.at(-1)!];
  expect(await ops('list')).toMatchObject({ code: 0, out: '0 dead letters\n' });
  await store.write(acme, ['bad', '21', Buffer.from([0xff])]);
  await store.write(umbrella, ['bad']);
  const all = await ops('list');
  expect(all.out).toMatch(
    /not-json +umbrella hive {2}3 bytes\n(.*\n)*4 dead letters: not-json 2, not-an-object 1, not-utf8 1\n$/,
  );
  expect((await ops('list', '--tenant', 'acme', '--reason', 'not-json')).out).toMatch(
    /^ +\d+ {2}[^\n]*acme pump-1[^\n]*\n1 dead letter: not-json 1\n$/,
  );
  expect(JSON.parse((await ops('list', '--json', '--limit', '2')).out)).toMatchObject([{ tenant: 'umbrella' }, {}]);
  expect((await ops('list', '--since', '2999-01-01')).out).toBe('0 dead letters\n');
  expect(await ops('list', '--reason', 'no-such')).toMatchObject({ code: 2, err: expect.stringContaining('not-json') });
});

test('show prints everything, and no payload can control the terminal', async () => {
  const device = rig.devices[1]!;
  const hostile = '{"v":"\u001b]0;owned\u0007\u202e"';
  await store.write(device, [hostile], { properties: { id: 'a', ts: '1790000000', contentType: 'text/\u001b[2J' } });
  const [id] = await idsOf(device);
  const shown = await ops('show', id!);
  expect(shown.out).toContain('reason       not-json\n');
  expect(shown.out).toContain('properties   {"id":"a","ts":"1790000000"}\n');
  expect(shown.out).toContain('{"v":"\\u001b]0;owned\\u0007\\u202e"');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(shown.out).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u202e]/);
  expect((await ops('show', id!, '--raw')).bytes).toEqual(Buffer.from(hostile));
  expect(Buffer.from(JSON.parse((await ops('show', id!, '--json')).out).payload, 'base64')).toEqual(
    Buffer.from(hostile),
  );
  expect(await ops('show', '999999')).toMatchObject({ code: 1, err: expect.stringContaining('no dead letter 999999') });
  expect(await ops('show', '1; drop table')).toMatchObject({ code: 2 });
});

test('redrive stores what can be stored now, once, as if it had been stored then', async () => {
  const { device, register } = await strangerNamed('late');
  const receivedAt = Date.now() - 40 * 60_000;
  const ts = new Date(receivedAt).toISOString();
  const zipped = { properties: { contentType: 'application/gzip', id: 'zip' } };
  await store.write(device, [`{"ts":"${ts}","v":1}`, '{"message_id":"x","v":2}', '{"v":3}', 'bad'], { receivedAt });
  await store.write(device, [gzipSync(`[{"v":4},{"message_id":"own","v":5}]`)], { receivedAt, ...zipped });
  const packed = { properties: { contentType: 'application/cbor' } };
  await store.write(device, [Buffer.from(encode([{ message_id: 'packed', v: 6 }]))], { receivedAt, ...packed });
  const ids = await idsOf(device);
  expect(await ops('redrive', ids[0]!)).toMatchObject({
    code: 1,
    out: expect.stringContaining('still refused, unknown-device'),
  });
  await register();
  const done = await ops('redrive', '--all', '--reason', 'unknown-device', '--tenant', 'acme');
  expect(done).toMatchObject({ code: 1, err: expect.stringContaining('1 is still refused') });
  expect(done.out).toMatch(/\d+: still refused, not-json: .*\n5 stored, 0 stored already, 1 still refused\n$/);
  const rows = await rig.rows(device);
  expect(rows.map(({ payload }) => (payload as { v: number }).v).sort()).toEqual([1, 2, 3, 4, 5, 6]);
  expect(rows.every((row) => row.ts.getTime() === receivedAt)).toBe(true);
  const declared = rows.map(({ message_id }) => message_id.split(':')[1]);
  expect(declared).toEqual(expect.arrayContaining(['x', 'zip/0', 'own', 'packed']));
  // A second redrive finds nothing to do, and the list says what became of the first.
  expect((await ops('redrive', ids[0]!)).out).toContain('1 not there');
  expect((await ops('list', '--redriven', '--tenant', 'acme', '--reason', 'unknown-device')).out).toContain(
    'redriven: stored',
  );
});

test('redrive never doubles a message that has arrived again meanwhile, even if ingest has forgotten it', async () => {
  const { device, register } = await strangerNamed('twice');
  const receivedAt = Date.now() - 60_000;
  const ts = new Date(receivedAt).toISOString();
  const payloads = [`{"ts":"${ts}"}`, '{"message_id":"x"}', '{"v":1}'];
  await store.write(device, payloads, { receivedAt });
  await register();
  await store.write(device, payloads, { receivedAt: receivedAt + 500 });
  await rig.admin.query('delete from ingest.untimed');
  const results = [];
  for (const id of await idsOf(device)) results.push(await redrive(rig.admin, id));
  expect(results).toEqual(Array(3).fill({ outcome: 'duplicate' }));
  expect(await rig.rows(device)).toHaveLength(3);
});

test('two redrives at once store each letter once', async () => {
  const { device, register } = await strangerNamed('race');
  await store.write(
    device,
    Array.from({ length: 40 }, (_, n) => `{"v":${n}}`),
  );
  await register();
  const ids = await idsOf(device);
  const clients = await Promise.all([1, 2, 3].map(() => connect(rig.postgres.url)));
  const outcomes = await Promise.all(
    clients.map(async (client) => {
      const own = [];
      for (const id of ids) own.push((await redrive(client, id)).outcome);
      return own;
    }),
  );
  await Promise.all(clients.map((client) => client.end()));
  expect(outcomes.flat().sort()).toEqual([...Array(80).fill('gone'), ...Array(40).fill('stored')]);
  expect(await rig.rows(device)).toHaveLength(40);
});

test('one reading of an array is redriven alone; a letter of which a part is still refused stays for that part', async () => {
  const device = rig.devices[2]!;
  const { device: unknown, register } = await strangerNamed('parts');
  await store.write(device, [`[{"v":1},${poison()},{"v":2}]`]);
  const [id] = await idsOf(device);
  expect(await redrive(rig.admin, id!)).toMatchObject({ outcome: 'refused', reason: 'database-rejected' });
  await store.write(unknown, [`[{"v":1},2,${poison()}]`]);
  await register();
  const [letter] = await idsOf(unknown);
  const refused = { outcome: 'refused', reason: 'not-an-object' };
  expect(await redrive(rig.admin, letter!)).toMatchObject({ ...refused, stored: 1 });
  expect(await redrive(rig.admin, letter!)).toMatchObject({ ...refused, stored: 0 });
  const { rows } = await rig.admin.query(
    'select reason, readings, redriven_at from public.dead_letters where id = $1',
    [letter],
  );
  expect(rows).toEqual([{ reason: 'not-an-object', readings: 2, redriven_at: null }]);
  expect(await rig.deadLetters(unknown)).toHaveLength(1);
  expect(await rig.rows(unknown)).toHaveLength(1);
  expect((await rig.admin.query('select from public.ingest_residuals')).rowCount).toBe(0);
});

test('a time is judged by the later of receipt and now: ingest’s clock was days behind', async () => {
  const device = rig.devices[2]!;
  const now = Date.now();
  const receivedAt = now - 5 * 24 * 3_600_000;
  const ts = new Date(now).toISOString();
  await store.write(device, [`{"ts":"${ts}","v":"late clock"}`], { receivedAt });
  const id = (await idsOf(device)).at(-1)!;
  expect((await rig.deadLetters(device)).at(-1)).toMatchObject({ reason: 'timestamp-out-of-range' });
  expect(await redrive(rig.admin, id)).toEqual({ outcome: 'stored' });
  expect((await rig.rows(device)).some(({ payload }) => (payload as { v?: unknown }).v === 'late clock')).toBe(true);
});

test('a time that is ahead of both is still refused', async () => {
  const device = rig.devices[2]!;
  const ahead = new Date(Date.now() + 3 * 24 * 3_600_000).toISOString();
  await store.write(device, [`{"ts":"${ahead}"}`]);
  expect(await redrive(rig.admin, (await idsOf(device)).at(-1)!)).toMatchObject({
    outcome: 'refused',
    reason: 'timestamp-out-of-range',
  });
});

test('letters are listed and discarded by device, reason and age; they stay counted', async () => {
  const { device } = await strangerNamed('unwanted');
  const { device: other } = await strangerNamed('wanted');
  const hourAgo = Date.now() - 3_600_000;
  await store.write(device, ['{"v":1}', '{"v":2}'], { receivedAt: hourAgo });
  await store.write(device, ['{"v":3}', '{"v":4}']);
  await store.write(other, ['{"v":1}']);
  const filter = ['--tenant', 'acme', '--device', 'unwanted'];
  const before = new Date(hourAgo + 60_000).toISOString();
  expect((await ops('list', ...filter)).out).toContain('4 dead letters: unknown-device 4');
  expect((await ops('list', ...filter, '--before', before)).out).toContain('2 dead letters: unknown-device 2');
  const counted = async () => {
    const { rows } = await rig.admin.query('select coalesce(sum(removed), 0)::int as n from public.dead_letter_counts');
    return rows[0].n;
  };
  const already = await counted();
  const unsure = await ops('discard', '--all', ...filter);
  expect(unsure).toMatchObject({ code: 1, out: '4 dead letters would be discarded: unknown-device 4\n' });
  expect(unsure.err).toContain('nothing was discarded: to discard them, add --yes');
  expect(await rig.deadLetters(device)).toHaveLength(4);
  const sure = await ops('discard', '--all', '--yes', ...filter, '--before', before);
  expect(sure.out).toBe('2 discarded: unknown-device 2\n');
  const [id] = (await idsOf(device)).slice(-1);
  expect((await ops('discard', id!)).out).toBe('1 discarded: unknown-device 1\n');
  expect((await ops('discard', '--all', '--yes', ...filter, '--reason', 'not-json')).out).toBe('0 discarded\n');
  expect(await rig.deadLetters(device)).toHaveLength(1);
  expect(await rig.deadLetters(other)).toHaveLength(1);
  expect((await counted()) - already).toBe(3);
  expect(await ops('discard')).toMatchObject({ code: 1, err: expect.stringContaining('give the ids') });
  expect(await ops('list', '--device', 'a b')).toMatchObject({
    code: 1,
    err: expect.stringContaining('is not a slug'),
  });
});

test('discarding and ingest do not block each other, although ingest keeps the equal of a letter that is being discarded', async () => {
  const [ingest, operator] = await Promise.all([connect(rig.postgres.url), connect(rig.postgres.url)]);
  const keep = (fingerprint: string) =>
    ingest.query(
      `select ingest.keep_dead_letters('{null}', '{null}', '{t}', '{x}', '{null}', '{not-json}', '{null}', '{null}', array[$1], '{now}', '{null}', '{1}')`,
      [fingerprint],
    );
  await keep('equal');
  for (const byId of [true, false]) {
    const which = byId ? await idsOf({ topic: 't' }) : { reason: 'not-json' };
    await ingest.query('begin');
    await keep(`another, ${byId}`);
    const discarding = discardLetters(operator, which);
    const { processID } = operator as unknown as { processID: number };
    const blockers = () => rig.admin.query('select cardinality(pg_blocking_pids($1)) as n', [processID]);
    await expect.poll(async () => (await blockers()).rows[0].n).toBeGreaterThan(0);
    await keep('equal');
    await ingest.query('commit');
    await discarding;
    await keep('equal');
  }
  await Promise.all([ingest.end(), operator.end()]);
});

test('redrive needs ids or --all', async () => {
  expect(await ops('redrive')).toMatchObject({
    code: 1,
    err: expect.stringContaining('give the ids of dead letters, or --all'),
  });
  expect(await ops('redrive', '1', '--all')).toMatchObject({
    code: 1,
    err: expect.stringContaining('give the ids of dead letters, or --all'),
  });
});
