// Alerts: what rules found.
import { rest } from '../session/clients.ts';
import { unwrap } from '../session/errors.ts';

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

/** Newest first. @throws ApiError, as all below. */
export async function openAlerts(tenantId: string): Promise<Alert[]> {
  const alerts = (await rest()).from('alerts').select(COLUMNS).eq('tenant_id', tenantId);
  return unwrap(await alerts.is('resolved_at', null).order('opened_at', { ascending: false }));
}

/** The last that were resolved, newest first. */
export async function resolvedAlerts(tenantId: string, most: number): Promise<Alert[]> {
  const alerts = (await rest()).from('alerts').select(COLUMNS).eq('tenant_id', tenantId);
  return unwrap(await alerts.not('resolved_at', 'is', null).order('opened_at', { ascending: false }).limit(most));
}

/** Notes that I look after it; the first who does stays noted. */
export async function acknowledgeAlert(id: string): Promise<void> {
  unwrap(await (await rest()).rpc('acknowledge_alert', { alert_id: id }));
}
