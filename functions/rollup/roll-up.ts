// A turn of the roll-ups: takes over what ingest has noted, then rolls up device by device, each in a transaction of its own with a time
// limit. What a roll-up is, and what is left to do, is in the database.
import pg from 'pg';
import type { Database } from '../database/connection.ts';
import { classify } from '../database/sqlstate.ts';
import { summarizeError } from '../runtime/error-summary.ts';
import type { Logger } from '../runtime/log.ts';

/** Devices whose notes are taken over in one statement; ingest may wait for it. */
const CLAIMED = 500;
const MOST_CLAIMS = 20;
/** Devices of a turn. */
const DEVICES = 1_000;
/** What a device may take on the server, in milliseconds. It stops by itself after half of that, between two buckets. */
const DEVICE_MS = 3_000;
/** What a tenant's devices may take of a turn. */
const TENANT_MS = 3_000;
/** With less time left, nothing is begun. */
const LEAST_MS = 500;
/** Rows that one statement removes, which have been kept long enough, and as many of deleted devices. */
const PRUNED = 2_000;
const MOST_PRUNES = 10;

interface Due {
  tenant_id: string;
  device_id: string;
}

/**
 * Several may run at once: they leave each other's devices out.
 * @param remainingMs milliseconds that are left, asked before each device; the rest waits for the next turn.
 * @throws database errors that are no device's fault; what was rolled up until then stays.
 */
export async function rollUp(database: Database, log: Logger, remainingMs: () => number): Promise<void> {
  for (let claims = 0; claims < MOST_CLAIMS && remainingMs() > LEAST_MS; claims++) {
    const { rows } = await database.query<{ n: number }>('select ingest.claim_rollups($1) as n', [CLAIMED]);
    if ((rows[0]?.n ?? 0) < CLAIMED) break;
  }
  const { rows: due } = await database.query<Due>('select * from ingest.due_rollups($1)', [DEVICES]);
  const spent = new Map<string, number>();
  let left = 0;
  for (const device of due) {
    const tenantMs = spent.get(device.tenant_id) ?? 0;
    if (remainingMs() < LEAST_MS || tenantMs >= TENANT_MS) {
      left += 1;
      continue;
    }
    const before = performance.now();
    await rollUpDevice(database, log, device);
    spent.set(device.tenant_id, tenantMs + performance.now() - before);
  }
  if (left > 0) log.warn({ left }, 'devices left for the next turn of the roll-ups');
  for (let prunes = 0; prunes < MOST_PRUNES && remainingMs() > LEAST_MS; prunes++) {
    const { rows } = await database.query<{ n: number }>('select ingest.prune_rollups($1) as n', [PRUNED]);
    if ((rows[0]?.n ?? 0) < PRUNED) break;
  }
}

async function rollUpDevice(database: Database, log: Logger, { tenant_id: tenant, device_id: device }: Due) {
  try {
    await database.transaction(`set local statement_timeout = ${DEVICE_MS}`, (client) =>
      client.query('select ingest.roll_up($1, $2, $3)', [tenant, device, DEVICE_MS / 2]),
    );
  } catch (error) {
    if (!isDevicesFault(error)) throw error;
    log.warn({ tenant, device, error: summarizeError(error) }, 'device not rolled up, its charts read the readings');
    await database.query('select ingest.note_not_rolled_up($1, $2)', [tenant, device]);
  }
}

/** Too slow, deleted meanwhile, or its data cannot be calculated with. */
const isDevicesFault = (error: unknown) =>
  error instanceof pg.DatabaseError && (error.code === '57014' || error.code === '23503' || classify(error) === 'data');
