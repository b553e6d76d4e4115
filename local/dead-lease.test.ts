// Leases of the dead are given back; those of the living, and of other computers, are not.
import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import { startScratchPostgres } from '../lab/scratch-postgres.ts';
import { withConnection } from '../provisioning/database/connect.ts';
import { releaseDeadLeases } from './dead-lease.ts';

test('only the lease of a process of this computer that is gone is free', async () => {
  const postgres = await startScratchPostgres();
  onTestFinished(postgres.stop);
  const { pid: gone } = spawnSync(process.execPath, ['-e', '']);
  const holders = {
    dead: `${hostname()}:${gone}:a-run`,
    living: `${hostname()}:${process.pid}:a-run`,
    elsewhere: `another-host:${gone}:a-run`,
    unknown: 'nobody',
  };
  await withConnection(postgres.url, async (client) => {
    for (const [name, holder] of Object.entries(holders)) {
      await client.query('select ingest.acquire_lease($1, $2, $3::interval)', [name, holder, '1 hour']);
    }
    await releaseDeadLeases(postgres.url);
    const { rows } = await client.query('select name from ingest.leases where expires_at > now() order by name');
    expect(rows.map(({ name }) => name)).toEqual(['elsewhere', 'living', 'unknown']);
    const { rows: taken } = await client.query("select ingest.acquire_lease('dead', 'next', '1 hour') as fence");
    // The number goes on: what the dead one may yet have under way is refused.
    expect(taken).toEqual([{ fence: '2' }]);
  });
});
