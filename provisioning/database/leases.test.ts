// One run at a time, and a run that was overtaken cannot write.
import type { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from './testing/database.ts';

let database: TestDatabase;
let client: Client;
let other: Client;
let lease: string;
let count = 0;

beforeAll(async () => {
  database = await startTestDatabase();
  client = database.admin;
  other = await database.open();
});
afterAll(() => database.stop());
beforeEach(() => {
  lease = `shard-${++count}`;
});

/** The fencing number as a string (bigint), or null. */
async function acquire(holder: string, ttl = '1 minute', on = client): Promise<string | null> {
  const { rows } = await on.query('select ingest.acquire_lease($1, $2, $3::interval) as fence', [lease, holder, ttl]);
  return rows[0].fence;
}
async function renew(holder: string, fence: string | null, on = client): Promise<boolean> {
  const values = [lease, holder, fence, '1 minute'];
  const { rows } = await on.query('select ingest.renew_lease($1, $2, $3, $4::interval) as held', values);
  return rows[0].held;
}
const release = (holder: string, fence: string | null) =>
  client.query('select ingest.release_lease($1, $2, $3)', [lease, holder, fence]);
const assertFence = (fence: string | null, on = client) =>
  on.query('select ingest.assert_fence($1, $2)', [lease, fence]);
const expire = () =>
  client.query("update ingest.leases set expires_at = now() - interval '1 second' where name = $1", [lease]);

describe('a lease', () => {
  it('has one holder', async () => {
    expect(await acquire('a')).toBe('1');
    expect(await acquire('b')).toBeNull();
    expect(await renew('a', '1')).toBe(true);
    expect(await renew('b', '1')).toBe(false);
  });

  it('goes to the next when it expires, with a higher number, and the old one cannot renew or write', async () => {
    expect(await acquire('a')).toBe('1');
    await expire();
    expect(await acquire('b')).toBe('2');
    expect(await renew('a', '1')).toBe(false);
    await assertFence('2');
    await expect(assertFence('1')).rejects.toMatchObject({ code: 'MS001' });
  });

  it('is free when the clock of the database was set back a day after it was taken', async () => {
    expect(await acquire('a')).toBe('1');
    await client.query(
      "update ingest.leases set expires_at = expires_at + interval '1 day', renewed_at = renewed_at + interval '1 day' where name = $1",
      [lease],
    );
    expect(await acquire('b')).toBe('2');
    await expect(assertFence('1')).rejects.toMatchObject({ code: 'MS001' });
  });

  it('is held after its holder has renewed it by the clock that was set back', async () => {
    expect(await acquire('a')).toBe('1');
    await client.query("update ingest.leases set renewed_at = renewed_at + interval '1 day' where name = $1", [lease]);
    expect(await renew('a', '1')).toBe(true);
    expect(await acquire('b')).toBeNull();
  });

  it('still lets its holder write and renew after it expired, as long as nobody has taken over', async () => {
    expect(await acquire('a')).toBe('1');
    await expire();
    await assertFence('1');
    expect(await renew('a', '1')).toBe(true);
    expect(await acquire('b')).toBeNull();
  });

  it('is free after its release, and keeps counting', async () => {
    expect(await acquire('a')).toBe('1');
    await release('b', '1');
    expect(await acquire('b')).toBeNull();
    await release('a', '1');
    expect(await acquire('b')).toBe('2');
  });

  it('gives a new number to the same holder, so that an earlier self is overtaken', async () => {
    expect(await acquire('a')).toBe('1');
    expect(await acquire('a')).toBe('2');
    await expect(assertFence('1')).rejects.toMatchObject({ code: 'MS001' });
  });

  it('cannot be taken over while a batch under it may yet commit, but can be renewed', async () => {
    expect(await acquire('a')).toBe('1');
    await client.query('begin');
    await assertFence('1');
    await other.query('update ingest.leases set expires_at = now() where name = $1', [lease]);
    expect(await acquire('b', '1 minute', other)).toBeNull();
    expect(await renew('a', '1', other)).toBe(true);
    await other.query('update ingest.leases set expires_at = now() where name = $1', [lease]);
    await client.query('commit');
    expect(await acquire('b', '1 minute', other)).toBe('2');
  });

  it('makes a batch wait for a take-over in progress, and then fail', async () => {
    expect(await acquire('a')).toBe('1');
    await expire();
    await other.query('begin');
    expect(await acquire('b', '1 minute', other)).toBe('2');
    const batch = assertFence('1').catch((error) => error);
    await other.query('commit');
    expect(await batch).toMatchObject({ code: 'MS001' });
  });

  it('nobody has: asserting fails', async () => {
    await expect(assertFence('1')).rejects.toMatchObject({ code: 'MS001' });
    await expect(assertFence(null)).rejects.toMatchObject({ code: 'MS001' });
  });

  it.each(['0 seconds', '-1 second', '2 hours'])('cannot last %s', async (ttl) => {
    await expect(acquire('a', ttl)).rejects.toMatchObject({ code: '22023' });
  });
});

describe('ingest.beat', () => {
  it('promises the next one within an hour at most', async () => {
    await client.query("select ingest.beat('{ingest}', 1000000)");
    const { rows } = await client.query(
      "select late_at <= clock_timestamp() + interval '1 hour' as soon from ingest.beats",
    );
    expect(rows).toEqual([{ soon: true }]);
  });
});

describe('ingest.prune_untimed', () => {
  const insert = `insert into ingest.untimed (tenant_id, device_id, message_id, ts, session, packet_id, content_hash, received_at)
    values (gen_random_uuid(), gen_random_uuid(), 'm', now(), 's', 1, 'h', now() - $1::interval)`;

  it('forgets what is older than it is told, never the last hour', async () => {
    await client.query(insert, ['3 hours']);
    await client.query(insert, ['1 minute']);
    const { rows } = await client.query("select ingest.prune_untimed('2 hours') as pruned");
    expect(rows).toEqual([{ pruned: '1' }]);
    await expect(client.query("select ingest.prune_untimed('1 minute')")).rejects.toMatchObject({ code: '22023' });
  });
});
