// Routes: which alerts are told to a channel, and when.
import type { Severity } from '../alerts/rules.ts';
import { type Api, allRows, COUNTED, call, type RowOf } from '../session/rows.ts';

/**
 * `tags`: of devices, any of them; none: every device.
 * `after_minutes` 0: at once; else when the alert has been open for as long. `repeat_minutes` null: once. `until`: what ends both.
 * `quiet_from` and `quiet_until`: `22:00:00` in `time_zone`, both null: never. `digest_above`: times an hour.
 */
const routes = (api: Api) =>
  api
    .from('notification_routes')
    .select(
      'id,channel_id,severities,tags,after_minutes,repeat_minutes,until,tells_resolved,quiet_from,quiet_until,time_zone,critical_passes,digest_above,enabled',
      COUNTED,
    );
export type Route = Omit<RowOf<typeof routes>, 'severities'> & { severities: Severity[] };

/** What a person decides about a route. */
export type RouteDraft = Omit<Route, 'id'>;

/** The soonest first. @throws ApiError, as all below. */
export async function listRoutes(tenantId: string): Promise<Route[]> {
  const rows = await allRows((api: Api) => routes(api).eq('tenant_id', tenantId), ['after_minutes', 'id']);
  return rows as Route[];
}

/** @param id of the route to change; undefined: a new one. */
export async function setRoute(id: string | undefined, draft: RouteDraft): Promise<void> {
  await call('set_notification_route', { ...draft, ...(id && { route_id: id }) });
}

/** What it has planned is cancelled. */
export async function deleteRoute(id: string): Promise<void> {
  await call('delete_notification_route', { route_id: id });
}
