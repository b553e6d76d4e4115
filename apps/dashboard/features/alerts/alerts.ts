// Alerts: what rules found.
import { COUNTED, call, countRows, firstRows, type Part } from '../session/rows.ts';

export interface Alert {
  id: string;
  rule_id: string;
  device_id: string;
  opened_at: string;
  /** The newest breach. */
  last_seen_at: string;
  resolved_at: string | null;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
  value: number | null;
  message: string;
}

const COLUMNS = 'id,rule_id,device_id,opened_at,last_seen_at,resolved_at,acknowledged_at,acknowledged_by,value,message';

const NEWEST = ['opened_at.desc', 'id'];

/** How many are open. @throws ApiError, as all below. */
export function countOpenAlerts(tenantId: string): Promise<number> {
  return countRows((api) => api.from('alerts').select('id', COUNTED).eq('tenant_id', tenantId).is('resolved_at', null));
}

/** Open ones, newest first. */
export function openAlerts(tenantId: string, most: number): Promise<Part<Alert>> {
  return firstRows(
    (api) => api.from('alerts').select(COLUMNS).eq('tenant_id', tenantId).is('resolved_at', null),
    NEWEST,
    most,
  );
}

/** Resolved ones, newest first. */
export function resolvedAlerts(tenantId: string, most: number): Promise<Part<Alert>> {
  return firstRows(
    (api) => api.from('alerts').select(COLUMNS).eq('tenant_id', tenantId).not('resolved_at', 'is', null),
    NEWEST,
    most,
  );
}

/** Notes that I look after it; the first who does stays noted. */
export async function acknowledgeAlert(id: string): Promise<void> {
  await call('acknowledge_alert', { alert_id: id });
}
