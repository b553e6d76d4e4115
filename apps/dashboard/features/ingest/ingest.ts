// What ingest did: the ledger by minute, today's use against the quota, and whether it runs.
import { type Api, allRows, COUNTED, type FunctionRow, firstRows, oneRow, type Part } from '../session/rows.ts';

/**
 * Some minutes of the ledger, added up. `begun`: how many of its minutes have begun, which is all but in the newest span. The
 * latency is from receipt to commit; null when nothing was received.
 */
export type IngestSpan = FunctionRow<'ingest_spans'>;

/** `workers`: runs that hold a session on the broker now. */
export type IngestStatus = FunctionRow<'ingest_status'>;

/** The last spans up to now, oldest first, without gaps. @param minutes of each. @throws ApiError, as all below. */
export function ingestSpans(tenantId: string, bars: number, minutes: number): Promise<IngestSpan[]> {
  return allRows((api: Api) => api.rpc('ingest_spans', { tenant_id: tenantId, bars, minutes }, COUNTED), ['at']);
}

export function ingestStatus(tenantId: string): Promise<IngestStatus | undefined> {
  return oneRow((api) => api.rpc('ingest_status', { tenant_id: tenantId }));
}

/** Minutes of a day: a span of this length is a day of UTC. */
const DAY = 1440;

/** What arrived today, in UTC. Undefined when I no longer belong to the tenant. */
export async function usageToday(tenantId: string): Promise<IngestSpan | undefined> {
  return (await ingestSpans(tenantId, 1, DAY))[0];
}

/** What arrived in the last whole minute. */
export async function lastWholeMinute(tenantId: string): Promise<IngestSpan | undefined> {
  return (await ingestSpans(tenantId, 2, 1))[0];
}

/** Readings that may be stored in a day of UTC; undefined: no bound. */
export async function dailyQuota(tenantId: string): Promise<number | undefined> {
  const found = await oneRow((api) => api.from('tenant_limits').select('readings_per_day').eq('tenant_id', tenantId));
  return found?.readings_per_day ?? undefined;
}

/** Minutes of the last day in which received and accounted for differ, which is a bug in the platform. Normally none. */
export function residuals(tenantId: string, most: number): Promise<Part<{ minute: string; residual: number }>> {
  const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();
  return firstRows(
    (api: Api) =>
      api
        .from('ingest_residuals')
        .select('minute,residual')
        .eq('tenant_id', tenantId)
        .gte('minute', ago(86_400))
        // The newest minute is written batch by batch.
        .lt('minute', ago(120)),
    ['minute.desc'],
    most,
  );
}
