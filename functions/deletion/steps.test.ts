// The steps of deletions: one that fails, one that takes too long, and what others do meanwhile.
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { expect, test } from 'vitest';
import { addDevice } from '../../provisioning/database/registry.ts';
import { keepLog } from '../../tests/support/keep-log.ts';
import type { Database } from '../database/connection.ts';
import { carryOutDeletions } from './delete.ts';
import { deletionRigOfFile, one, rig, stateOf, turn } from './testing/rig.ts';

deletionRigOfFile();

test('a step that fails is noted, and the other deletions go on', async () => {
  const [bad, good] = [
    await addDevice(rig.admin, { tenant: 'bad', device: 'd', createTenant: true }),
    await addDevice(rig.admin, { tenant: 'good', device: 'd', createTenant: true }),
  ];
  await rig.admin.query(`
    create function public.refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
    create trigger refuse before delete on public.devices for each row when (old.tenant_id = '${bad.tenantId}') execute function public.refuse()`);
  for (const { tenantId } of [bad, good])
    await rig.admin.query("select access.ask_deletion_of_tenant($1, 'operator', '0')", [tenantId]);
  await turn();
  expect(await stateOf(bad.tenantId)).toMatchObject({
    stage: 'rows',
    problem: 'A step failed (P0001); it is tried again.',
  });
  // Its device is gone, whose session on the broker is to be ended.
  const waits = { stage: 'registry', problem: expect.stringContaining('sessions of its devices on the broker') };
  expect(await stateOf(good.tenantId)).toMatchObject(waits);
});

test('while a step is under way, ingest of others writes on', async () => {
  const { tenantId, deviceId } = await addDevice(rig.admin, { tenant: 'big', device: 'd', createTenant: true });
  const { deviceId: other, tenantId: others } = await addDevice(rig.admin, {
    tenant: 'small',
    device: 'd',
    createTenant: true,
  });
  const fill = `insert into public.telemetry (tenant_id, device_id, ts, message_id, payload)
    select $1, $2, now() - make_interval(secs => n), $3 || n, '{}' from generate_series(1, 2000) as n`;
  await rig.admin.query(fill, [tenantId, deviceId, 'm']);
  await rig.admin.query("select access.ask_deletion_of_tenant($1, 'operator', '0')", [tenantId]);
  const [deleting, ingesting] = [await rig.open('mqtt_ingest'), await rig.open('mqtt_ingest')];
  for (const stage of ['people', 'rows']) {
    expect(await stateOf(tenantId)).toMatchObject({ stage });
    await deleting.query('begin');
    await deleting.query('select ingest.deletion_step(1000)');
    // A lock that is waited for for longer fails the test.
    await ingesting.query("set lock_timeout = '1s'");
    await ingesting.query('begin');
    await ingesting.query(
      "insert into public.telemetry (tenant_id, device_id, ts, message_id, payload) values ($1, $2, now(), $3, '{}')",
      [others, other, randomUUID()],
    );
    await ingesting.query('select ingest.add_to_ledger(now(), $1, $2, $2, $3, $3, $3)', [[others], [1], [0]]);
    await ingesting.query('select ingest.quota_left($1)', [[others]]);
    await ingesting.query('commit');
    await deleting.query('commit');
  }
  expect(
    (await one('select count(*)::int as n from public.telemetry where tenant_id = $1', [tenantId])).n,
  ).toBeLessThan(2000);
});

test('a step that takes too long is tried with fewer rows, and each begins with many again', async () => {
  const tried: unknown[] = [];
  const tooLong = Object.assign(new pg.DatabaseError('canceling statement due to statement timeout', 0, 'error'), {
    code: '57014',
  });
  const slow = (answers: ('late' | 'one' | 'none')[]) => {
    const transaction: Database['transaction'] = async (_, work) => {
      const answer = answers.shift();
      const query = async (_sql: string, [rows]: unknown[]) => {
        tried.push(rows);
        if (answer === 'late') throw tooLong;
        return { rows: [{ done: answer === 'one' ? 'a deletion' : null }] };
      };
      return work({ query } as unknown as pg.Client);
    };
    return { transaction } as Database;
  };
  await carryOutDeletions(slow(['late', 'late', 'one', 'one', 'none']), keepLog().log, () => 20_000);
  expect(tried).toEqual([5000, 500, 50, 5000, 5000]);
  await expect(carryOutDeletions(slow(['late', 'late', 'late']), keepLog().log, () => 20_000)).rejects.toBe(tooLong);
});
