// Polls a real server whose connections are cut.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withConnection } from '../provisioning/database/connect.ts';
import { pollDatabase } from './poll.ts';
import type { RunningPostgres } from './postgres.ts';
import { startScratchPostgres } from './scratch-postgres.ts';

let postgres: RunningPostgres;
beforeAll(async () => {
  postgres = await startScratchPostgres({ migrate: false });
});
afterAll(() => postgres.stop());

/** Ends every other connection, as a server does when it is stopped. */
const cutConnections = () =>
  withConnection(postgres.url, (client) =>
    client.query('select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()'),
  );

test('continues over a new connection when one is cut, reports failure and recovery once each, and ends with the poll under way', async () => {
  const backends = new Set<number>();
  const said: string[] = [];
  let failures = 2;
  let isPolling = false;
  const watch = pollDatabase({
    databaseUrl: postgres.url,
    broken: 'broken',
    recovered: 'recovered',
    poll: async (database) => {
      isPolling = true;
      const { rows } = await database.query('select pg_backend_pid() as pid, pg_sleep(0.1)');
      isPolling = false;
      if (backends.size > 0 && !backends.has(rows[0].pid) && failures-- > 0) throw new Error('not yet');
      backends.add(rows[0].pid);
    },
    onTrouble: (message) => said.push(message),
  });
  try {
    await expect.poll(() => backends.size, { timeout: 30_000 }).toBe(1);
    expect(said).toEqual([]);
    await cutConnections();
    await expect.poll(() => said.length, { timeout: 30_000 }).toBe(2);
    expect(said).toEqual([expect.stringMatching(/^broken: ./), 'recovered']);
    expect([...backends]).toHaveLength(2);
    await expect.poll(() => isPolling, { interval: 5, timeout: 30_000 }).toBe(true);
  } finally {
    await watch.stop();
  }
  expect(isPolling).toBe(false);
});
