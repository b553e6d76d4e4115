// Gives back the lease of an ingest worker that is dead. Elsewhere nobody can know that, and its successor waits until it expires; here
// the supervisor knows.
import { hostname } from 'node:os';
import { withConnection } from '../provisioning/database/connect.ts';

/** Ends every lease whose holder was a process of this computer that is gone. @param databaseUrl of a superuser. */
export async function releaseDeadLeases(databaseUrl: string): Promise<void> {
  await withConnection(databaseUrl, async (client) => {
    const { rows } = await client.query<{ holder: string }>("select holder from ingest.leases where holder <> ''");
    const dead = rows.map(({ holder }) => holder).filter(isDead);
    await client.query(
      "update ingest.leases set holder = '', expires_at = '-infinity' where holder = any ($1::text[])",
      [dead],
    );
  });
}

/** A holder is `<host>:<process id>:<run>` (functions/database/lease.ts). */
function isDead(holder: string): boolean {
  const [, host, pid] = /^(.*):(\d+):[^:]*$/.exec(holder) ?? [];
  if (host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
