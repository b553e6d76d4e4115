// A Postgres and its streaming replica: the replica begins as a copy of the stopped server, and follows it over a connection that can be cut.
import { execFileSync } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunningPostgres, startPostgres } from '../../lab/postgres.ts';
import { startProxy, type TcpProxy } from '../../lab/proxy.ts';
import { giveToService } from '../../lab/unprivileged.ts';
import { applyMigrations } from '../../provisioning/database/apply.ts';
import { withConnection } from '../../provisioning/database/connect.ts';

/** The two servers. */
export interface Pair {
  primary: RunningPostgres;
  replica: RunningPostgres;
  /** Between the two. */
  replication: TcpProxy;
  /** True: a commit waits until the replica has it on its disk. */
  setSynchronous(on: boolean): Promise<void>;
  stop(): Promise<void>;
}

const NAME = 'replica';

/** Starts both with the platform's schema, the replica caught up. @param dir their folders. */
export async function startPair(dir: string): Promise<Pair> {
  const [dataDir, copyDir] = [join(dir, 'primary'), join(dir, NAME)];
  const first = await startPostgres({ dataDir });
  await applyMigrations(first.url);
  await first.stop();
  execFileSync('cp', ['-a', first.dataDir, copyDir]);
  const primary = await startPostgres({ dataDir, port: first.port });
  const replication = await startProxy(primary.port);
  const { password } = new URL(primary.url);
  const from = `host=127.0.0.1 port=${replication.port} user=postgres password=${password} application_name=${NAME}`;
  const cluster = join(copyDir, 'cluster');
  appendFileSync(
    join(cluster, 'postgresql.auto.conf'),
    `primary_conninfo = '${from}'\nwal_retrieve_retry_interval = '500ms'\n`,
  );
  writeFileSync(join(cluster, 'standby.signal'), '');
  giveToService(join(cluster, 'standby.signal'));
  const replica = await startPostgres({ dataDir: copyDir });
  const onPrimary = (sql: string) => withConnection(primary.url, (client) => client.query(sql));
  return {
    primary,
    replica,
    replication,
    setSynchronous: async (on) => {
      await onPrimary(`alter system set synchronous_standby_names = '${on ? NAME : ''}'`);
      await onPrimary('select pg_reload_conf()');
    },
    stop: async () => {
      await primary.stop();
      await replica.stop();
      await replication.stop();
    },
  };
}
