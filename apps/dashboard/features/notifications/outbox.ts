// The outbox: what is told to whom, and what became of it.
import { type Api, allRows, COUNTED, firstRows, oneRow, type Part, type RowOf } from '../session/rows.ts';

/** `n`: which repetition, or after how many minutes. `error`: why the last attempt failed. */
const notifications = (api: Api) =>
  api
    .from('notifications')
    .select(
      'id,channel_id,alert_id,transition,n,content,state,created_at,due_at,attempts,attempted_at,finished_at,error',
    );
export type Notification = RowOf<typeof notifications>;

/** Newest first. @throws ApiError, as all below. */
export function recentNotifications(tenantId: string, most: number): Promise<Part<Notification>> {
  return firstRows((api: Api) => notifications(api).eq('tenant_id', tenantId), ['created_at.desc', 'id'], most);
}

/** What is told of an alert, newest first. */
export function notificationsOf(tenantId: string, alertId: string, most: number): Promise<Part<Notification>> {
  return firstRows(
    (api: Api) => notifications(api).eq('tenant_id', tenantId).eq('alert_id', alertId),
    ['created_at.desc', 'id'],
    most,
  );
}

export function findNotification(id: string): Promise<Notification | undefined> {
  return oneRow((api) => notifications(api).eq('id', id));
}

const counts = (api: Api) => api.from('alert_notifications').select('alert_id,sent,waiting,failed', COUNTED);
export type NotificationCounts = RowOf<typeof counts>;

/** Alerts asked for at a time: their ids are in the request's address, which has a bound. */
const AT_ONCE = 100;

/** Of the alerts of which something is told. */
export async function notificationCounts(tenantId: string, alertIds: readonly string[]): Promise<NotificationCounts[]> {
  const parts = Array.from({ length: Math.ceil(alertIds.length / AT_ONCE) }, (_, n) =>
    alertIds.slice(n * AT_ONCE, (n + 1) * AT_ONCE),
  );
  const found = parts.map((ids) =>
    allRows((api: Api) => counts(api).eq('tenant_id', tenantId).in('alert_id', ids), ['alert_id']),
  );
  return (await Promise.all(found)).flat();
}
