// Alerts: what the rules have found.
import { type Api, COUNTED, call, countRows, firstRows, type Part, type RowOf } from '../session/rows.ts';

/** `last_seen_at`: when the newest breach was found. `device_ts`: its time by the device's clock; null for a silence. */
const alerts = (api: Api) =>
  api
    .from('alerts')
    .select(
      'id,rule_id,device_id,opened_at,last_seen_at,resolved_at,acknowledged_at,acknowledged_by,value,message,device_ts',
    );
export type Alert = RowOf<typeof alerts>;

/** How many are open. @throws ApiError, as all below. */
export function countOpenAlerts(tenantId: string): Promise<number> {
  return countRows((api) => api.from('alerts').select('id', COUNTED).eq('tenant_id', tenantId).is('resolved_at', null));
}

/** Open ones, newest first. */
export function openAlerts(tenantId: string, most: number): Promise<Part<Alert>> {
  return firstRows(
    (api: Api) => alerts(api).eq('tenant_id', tenantId).is('resolved_at', null),
    ['opened_at.desc', 'id'],
    most,
  );
}

/** Resolved ones, newest first. */
export function resolvedAlerts(tenantId: string, most: number): Promise<Part<Alert>> {
  return firstRows(
    (api: Api) => alerts(api).eq('tenant_id', tenantId).not('resolved_at', 'is', null),
    ['opened_at.desc', 'id'],
    most,
  );
}

/** Records that I am on it; the first acknowledgement stays. */
export async function acknowledgeAlert(id: string): Promise<void> {
  await call('acknowledge_alert', { alert_id: id });
}
