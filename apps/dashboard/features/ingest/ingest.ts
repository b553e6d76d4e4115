// What ingest did: the ledger by minute, today's use against the quota, and whether it runs.
import { rest } from '../session/clients.ts';
import { unwrap } from '../session/errors.ts';

/** One minute of the ledger, in readings. Minutes without any are left out. */
export interface IngestMinute {
  minute: string;
  received: number;
  stored: number;
  duplicate: number;
  rejected: number;
  over_quota: number;
  /** From receipt to commit. Null when nothing was received. */
  latency_ms_avg: number | null;
  latency_ms_max: number | null;
}

export interface IngestStatus {
  last_run_at: string | null;
  last_row_at: string | null;
  database_bytes: number;
  telemetry_rows_estimate: number;
  /** Runs that hold a session on the broker now. */
  workers: number;
}

/** A tenant's readings of a day of UTC. */
export interface Usage {
  received: number;
  stored: number;
  duplicate: number;
  rejected: number;
  over_quota: number;
}

/** In order. @throws ApiError, as all below. */
export async function ingestMinutes(tenantId: string, since: Date): Promise<IngestMinute[]> {
  return unwrap(await (await rest()).rpc('ingest_minutes', { tenant_id: tenantId, since: since.toISOString() }));
}

export async function ingestStatus(tenantId: string): Promise<IngestStatus | undefined> {
  return unwrap<IngestStatus[]>(await (await rest()).rpc('ingest_status', { tenant_id: tenantId }))[0];
}

/** Undefined when nothing came today. */
export async function usageToday(tenantId: string): Promise<Usage | undefined> {
  const today = new Date().toISOString().slice(0, 10);
  const found = unwrap<Usage[]>(
    await (await rest())
      .from('tenant_usage')
      .select('received,stored,duplicate,rejected,over_quota')
      .eq('tenant_id', tenantId)
      .eq('day', today),
  );
  return found[0];
}

/** Readings that may be stored in a day of UTC; undefined: no bound. */
export async function dailyQuota(tenantId: string): Promise<number | undefined> {
  const found = unwrap<{ readings_per_day: number | null }[]>(
    await (await rest()).from('tenant_limits').select('readings_per_day').eq('tenant_id', tenantId),
  );
  return found[0]?.readings_per_day ?? undefined;
}

/** Minutes in which received and accounted for differ: a fault of the platform. Empty when all is well. */
export async function residuals(tenantId: string): Promise<{ minute: string; residual: number }[]> {
  return unwrap(
    await (await rest())
      .from('ingest_residuals')
      .select('minute,residual')
      .eq('tenant_id', tenantId)
      // The newest minute is written batch by batch.
      .lt('minute', new Date(Date.now() - 120_000).toISOString())
      .order('minute', { ascending: false })
      .limit(10),
  );
}
