// The platform counts as running only once readings arrive: so the whole path is known to work.
import { setTimeout as sleep } from 'node:timers/promises';
import { withConnection } from '../provisioning/database/connect.ts';

/** Ingest and devices try again within 10 s if the broker is not ready for them yet. */
const TIMEOUT_MS = 30_000;

/**
 * Waits until `devices` devices have a reading stored that is newer than `since`.
 * @param intervalMs between two readings of a device.
 * @throws Error with the number of devices that have one, 30 s after the last must have published its first.
 */
export async function waitForReadings(
  databaseUrl: string,
  { devices, intervalMs, since }: { devices: number; intervalMs: number; since: Date },
): Promise<void> {
  await withConnection(databaseUrl, async (client) => {
    const started = Date.now();
    const deadline = started + intervalMs + TIMEOUT_MS;
    for (;;) {
      const { rows } = await client.query<{ count: number }>(
        `select count(*)::int as count from public.devices as d
         where exists (select from public.telemetry as t where t.tenant_id = d.tenant_id and t.device_id = d.id and t.ts >= $1)`,
        [since],
      );
      const { count } = rows[0]!;
      if (count >= devices) return;
      if (Date.now() > deadline) {
        throw new Error(
          `readings of ${count} of ${devices} simulated devices arrived within ${Math.round((Date.now() - started) / 1000)} s`,
        );
      }
      await sleep(200);
    }
  });
}
