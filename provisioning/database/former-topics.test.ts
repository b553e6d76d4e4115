// Former topics: of one tenant each, in force through their last day, and gone from the broker's view by themselves.
import type { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { endTopic, keepTopic, listFormerTopics, seenTopics } from './former-topics.ts';
import {
  addDevice,
  deleteDevice,
  readRegistry,
  removeTenant,
  setDeviceEnabled,
  upsertServiceAccount,
} from './registry.ts';
import { startTestDatabase, type TestDatabase } from './testing/database.ts';

const KEY = 'k'.repeat(43);
const sensor = { tenant: 'acme', device: 'sensor-1' };
let database: TestDatabase;
let admin: Client;

beforeAll(async () => {
  database = await startTestDatabase();
  admin = database.admin;
  for (const device of ['sensor-1', 'sensor-2', 'gone'])
    await addDevice(admin, { tenant: 'acme', device, createTenant: true });
  for (const device of ['sensor-1', 'pump']) await addDevice(admin, { tenant: 'globex', device, createTenant: true });
  for (const purpose of ['ingest', 'control'] as const)
    await upsertServiceAccount(admin, { username: `svc-${purpose}`, purpose, key: KEY });
});
afterAll(() => database.stop());
beforeEach(async () => {
  await admin.query('delete from broker.former_topics');
});

/** A day in UTC, from today. */
const day = (from: number) => new Date(Date.now() + from * 86_400_000).toISOString().slice(0, 10);
const keep = (topic: string, from = 0, device = sensor) => keepTopic(admin, { ...device, topic, until: day(from) });
/** Moves a topic's last day, as time does. */
const age = (topic: string, days: number) =>
  admin.query('update broker.former_topics set until = until - $2::int where topic = $1', [topic, days]);
const former = async (username: string) =>
  (await readRegistry(admin)).find(
    (entry) => (entry.kind === 'device' ? `${entry.tenant}.${entry.device}` : entry.username) === username,
  )?.former;
/** Whether it was another tenant's before. */
const since = async (topic: string) =>
  (await admin.query("select tenant_since > '-infinity' as other from broker.former_topics where topic = $1", [topic]))
    .rows[0].other;
const ingest = async () =>
  (await admin.query('select topic, in_force, tenant_slug, device_slug from ingest.former_topics order by 1')).rows;

describe('a former topic', () => {
  it('is in the broker’s view through its last day, and in ingest’s for 14 days more', async () => {
    await keep('devices/abc');
    await keep('device/abc', 1);
    expect(await former('acme.sensor-1')).toEqual(['device/abc', 'devices/abc']);
    expect(await former('svc-ingest')).toEqual(['device', 'devices']);
    expect(await former('svc-control')).toBeUndefined();
    expect(await former('acme.sensor-2')).toBeUndefined();
    expect(await ingest()).toEqual([
      { topic: 'device/abc', in_force: true, tenant_slug: 'acme', device_slug: 'sensor-1' },
      { topic: 'devices/abc', in_force: true, tenant_slug: 'acme', device_slug: 'sensor-1' },
    ]);
    await age('devices/abc', 1);
    expect(await former('acme.sensor-1')).toEqual(['device/abc']);
    expect(await former('svc-ingest')).toEqual(['device', 'devices']);
    expect((await ingest()).map(({ topic, in_force }) => [topic, in_force])).toEqual([
      ['device/abc', true],
      ['devices/abc', false],
    ]);
    // Also when the last day was cut short by up to a day, as `remove` does.
    await age('devices/abc', 14);
    expect(await former('svc-ingest')).toEqual(['device', 'devices']);
    expect(await ingest()).toHaveLength(2);
    await age('devices/abc', 1);
    expect(await former('svc-ingest')).toEqual(['device']);
    expect((await ingest()).map(({ topic }) => topic)).toEqual(['device/abc']);
  });

  it('gives no right to a disabled device; what it sent before still belongs to it', async () => {
    await keep('devices/abc');
    await setDeviceEnabled(admin, sensor, false);
    expect(await former('acme.sensor-1')).toBeUndefined();
    expect(await ingest()).toHaveLength(1);
    await setDeviceEnabled(admin, sensor, true);
  });

  it('changes what the broker’s machine compares once a second', async () => {
    const sums = async () =>
      (
        await admin.query(
          "select sum(hashtextextended(concat_ws(' ', username, purpose, password_hash, former), 7)) as s from broker.registry",
        )
      ).rows[0].s;
    const before = await sums();
    await keep('devices/abc');
    const during = await sums();
    expect(during).not.toBe(before);
    await age('devices/abc', 1);
    expect(await sums()).not.toBe(during);
  });

  it('moves within its tenant at once, and to another only when nothing can wait there any more', async () => {
    await keep('devices/abc');
    await keep('devices/abc', 5, { tenant: 'acme', device: 'sensor-2' });
    expect(await listFormerTopics(admin)).toEqual([
      { topic: 'devices/abc', tenant: 'acme', device: 'sensor-2', until: day(5), inForce: true },
    ]);
    const globex = { tenant: 'globex', device: 'pump' };
    await expect(keep('devices/abc', 5, globex)).rejects.toThrow(
      /is another tenant's until 14 days after its last day/,
    );
    await endTopic(admin, 'devices/abc');
    await expect(keep('devices/abc', 5, globex)).rejects.toThrow(/another tenant's/);
    expect(await listFormerTopics(admin, 'acme')).toMatchObject([{ until: day(-1), inForce: false }]);
    await age('devices/abc', 14);
    await expect(keep('devices/abc', 5, globex)).rejects.toThrow(/another tenant's/);
    await age('devices/abc', 1);
    expect(await listFormerTopics(admin)).toEqual([]);
    await expect(keep('devices/abc', 5, { tenant: 'globex', device: 'none' })).rejects.toThrow(/no device/);
    await keep('devices/abc', 5, globex);
    expect(await since('devices/abc')).toBe(true);
    expect(await listFormerTopics(admin)).toMatchObject([{ tenant: 'globex', device: 'pump', inForce: true }]);
    // Nothing of the one tenant is in the other's audit log.
    const { rows } = await admin.query(
      `select t.slug, a.action, a.details::text from public.audit_log as a join public.tenants as t on t.id = a.tenant_id
       where a.subject = 'devices/abc' and t.slug = 'globex'`,
    );
    const { rows: acme } = await admin.query("select id from public.tenants where slug = 'acme'");
    expect(rows.map(({ action }) => action)).toEqual(['former_topic.created']);
    expect(rows[0].details).not.toContain(acme[0].id);
  });

  it('is free at once when nobody ever used it', async () => {
    await keep('devices/abc');
    await endTopic(admin, 'devices/abc', true);
    await keep('devices/abc', 1, { tenant: 'globex', device: 'pump' });
    expect(await listFormerTopics(admin)).toHaveLength(1);
    // Free, but not as if it had never been: what came before is not the next tenant's.
    await endTopic(admin, 'devices/abc', true);
    await keep('devices/abc', 1, { tenant: 'globex', device: 'pump' });
    expect(await since('devices/abc')).toBe(true);
    await expect(endTopic(admin, 'devices/other')).rejects.toThrow(/no device keeps devices\/other/);
  });

  it('stays its tenant’s when its device is deleted, and belongs to no device', async () => {
    const gone = { tenant: 'acme', device: 'gone' };
    await keep('devices/gone', 1, gone);
    await deleteDevice(admin, gone);
    expect(await listFormerTopics(admin)).toMatchObject([{ tenant: 'acme', device: null }]);
    expect(await ingest()).toEqual([{ topic: 'devices/gone', in_force: true, tenant_slug: 'acme', device_slug: null }]);
    await expect(keep('devices/gone', 1, { tenant: 'globex', device: 'pump' })).rejects.toThrow(/another tenant's/);
    await keep('devices/gone', 1);
    expect(await former('acme.sensor-1')).toEqual(['devices/gone']);
    expect(await since('devices/gone')).toBe(false);
  });

  it('of a removed tenant belongs to nobody for 14 days', async () => {
    const left = { tenant: 'left', device: 'sensor-1' };
    const globex = { tenant: 'globex', device: 'pump' };
    await addDevice(admin, { ...left, createTenant: true });
    await keep('devices/left', 100, left);
    await keep('devices/mistake', 100, left);
    await removeTenant(admin, 'left');
    const ended = { tenant: null, device: null, until: day(0) };
    expect(await listFormerTopics(admin)).toMatchObject([ended, ended]);
    expect(await ingest()).toMatchObject([{ tenant_slug: null, device_slug: null }, { tenant_slug: null }]);
    expect(await former('svc-ingest')).toEqual(['devices']);
    expect((await admin.query('select from broker.former_topics where device_id is not null')).rowCount).toBe(0);
    await addDevice(admin, { ...left, createTenant: true });
    for (const one of [globex, left]) await expect(keep('devices/left', 1, one)).rejects.toThrow(/another tenant's/);
    await endTopic(admin, 'devices/mistake', true);
    await keep('devices/mistake', 1, globex);
    await age('devices/left', 16);
    await keep('devices/left', 1, globex);
    expect(await since('devices/left')).toBe(true);
    await removeTenant(admin, 'left');
  });

  it('is refused for no device, a day that is over, and what may not be kept', async () => {
    await expect(keep('devices/abc', 1, { tenant: 'acme', device: 'none' })).rejects.toThrow(/no device "acme.none"/);
    await expect(keep('devices/abc', -1)).rejects.toThrow(/has passed/);
    await expect(keep('tenants/globex', 1)).rejects.toThrow(/must be two levels/);
    expect(await listFormerTopics(admin)).toEqual([]);
  });

  it.each([
    'tenants/globex',
    'probe/1',
    '$SYS/broker',
    'devices/+',
    'devices/#',
    'devices',
    'devices/a/b',
    'devices/',
    'devices/a b',
    'devices/a\ntopic readwrite #',
    'devices/a\n',
    `devices/${'x'.repeat(65)}`,
  ])('%j is refused by the table itself', async (topic) => {
    const insert = `insert into broker.former_topics (topic, tenant_id, device_id, until)
      select $1, d.tenant_id, d.id, '2099-01-01' from public.devices as d limit 1`;
    await expect(admin.query(insert, [topic])).rejects.toMatchObject({ code: '23514' });
  });

  it('has a day, and is a device of its tenant', async () => {
    const insert = (until: string, of: string) =>
      admin.query(
        `insert into broker.former_topics (topic, tenant_id, device_id, until)
         select 'devices/abc', (select id from public.tenants where slug = $2), d.id, $1
         from public.devices as d where d.slug = 'pump'`,
        [until, of],
      );
    await expect(insert('infinity', 'globex')).rejects.toMatchObject({ code: '23514' });
    await expect(insert('2099-01-01', 'acme')).rejects.toMatchObject({ code: '23503' });
    expect((await insert('2099-01-01', 'globex')).rowCount).toBe(1);
  });
});

describe('the topics of an old table', () => {
  it('come with a device where one is called so, and without where none or several are', async () => {
    await admin.query(`create schema before_adoption;
      create table before_adoption.telemetry (topic text);
      insert into before_adoption.telemetry values
        ('devices/PUMP/telemetry'), ('devices/PUMP/state'), ('devices/PUMP'), ('devices/sensor_1/telemetry'),
        ('device/sensor_2/t'), ('device/sensor_2/t'), ('devices/abc/telemetry'), ('plain'), ('tenants/acme/x'), (null)`);
    await keep('devices/abc', 1);
    const seen = await seenTopics(admin, 'before_adoption.telemetry');
    expect(seen.map(({ topic, rows }) => [topic, rows])).toEqual([
      ['devices/PUMP', 3],
      ['device/sensor_2', 2],
      ['devices/abc', 1],
      ['devices/sensor_1', 1],
      ['plain', 1],
      ['tenants/acme', 1],
    ]);
    const [pump, second, kept, first, plain, own] = seen;
    expect(pump).toMatchObject({ devices: [{ tenant: 'globex', device: 'pump' }], isKept: false });
    expect(second?.devices).toEqual([{ tenant: 'acme', device: 'sensor-2' }]);
    expect(kept).toMatchObject({ devices: [sensor], isKept: true });
    expect(first?.devices.map(({ tenant }) => tenant)).toEqual(['acme', 'globex']);
    for (const one of [plain, own]) expect(one).toMatchObject({ canBeKept: false, devices: [] });
  });
});
