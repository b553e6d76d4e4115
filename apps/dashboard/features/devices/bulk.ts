// Changes of many devices at once, in steps that the database allows.
import { call } from '../session/rows.ts';

/** Devices changed by one call: see access.lock_devices. Of a deletion fewer: ingest waits for what it locks. */
const STEP = 10_000;
const DELETED_STEP = 1_000;

export type BulkChange =
  | { kind: 'enable' | 'disable' | 'delete' }
  | { kind: 'tag'; added: string[]; removed: string[] };

/**
 * Changes devices step by step; each step is all or nothing.
 * @param onProgress told how many are done. @throws ApiError at the first step that is refused: what was done before stays.
 */
export async function changeDevices(
  tenantId: string,
  ids: string[],
  change: BulkChange,
  onProgress: (done: number) => void,
): Promise<void> {
  const size = change.kind === 'delete' ? DELETED_STEP : STEP;
  for (let begin = 0; begin < ids.length; begin += size) {
    const step = { tenant_id: tenantId, device_ids: ids.slice(begin, begin + size) };
    if (change.kind === 'tag') await call('tag_devices', { ...step, added: change.added, removed: change.removed });
    else if (change.kind === 'delete') await call('delete_devices', step);
    else await call('set_devices_enabled', { ...step, enabled: change.kind === 'enable' });
    onProgress(Math.min(begin + size, ids.length));
  }
}
