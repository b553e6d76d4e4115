// What the tenant used: a row a day of UTC.
import { firstDay, type UsageDay } from '../../../../domain/usage.ts';
import { type Api, allRows } from '../session/rows.ts';

/** How many months before this one are kept. */
export const MONTHS_KEPT = 25;

/** The days of a month on which anything was used. @param month such as 2026-11. @throws ApiError. */
export function usageDays(tenantId: string, month: string): Promise<UsageDay[]> {
  return allRows(
    (api: Api) =>
      api
        .from('usage_days')
        .select(SELECTED)
        .eq('tenant_id', tenantId)
        .gte('day', firstDay(month))
        .lt('day', firstDay(month, 1)),
    ['day'],
  );
}

const SELECTED = 'day,readings,bytes,over_quota,letters,alerts,notifications,commands,ai_tokens';
