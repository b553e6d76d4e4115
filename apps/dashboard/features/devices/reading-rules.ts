// How messages are read: rules of the tenant, and of one device, which go before them.
import { type Api, call, oneRow, type RowOf } from '../session/rows.ts';

const rules = (api: Api) => api.from('reading_rules').select('time_members,senml,repairs_clock,repeat_ms');
export type ReadingRules = RowOf<typeof rules>;

/** Says nothing: the tenant's rules hold, or the platform's. */
const NO_RULES: ReadingRules = { time_members: null, senml: null, repairs_clock: null, repeat_ms: null };

/** @param deviceId null: the rules of the whole tenant. @throws ApiError, as below. */
export async function readRules(tenantId: string, deviceId: string | null): Promise<ReadingRules> {
  const own = await oneRow((api) => {
    const ofTenant = rules(api).eq('tenant_id', tenantId);
    return deviceId === null ? ofTenant.is('device_id', null) : ofTenant.eq('device_id', deviceId);
  });
  return own ?? NO_RULES;
}

/** Replaces all of them; in force within a minute. */
export async function setRules(tenantId: string, deviceId: string | null, own: ReadingRules): Promise<void> {
  // A null is what the function takes for an argument that is left out.
  const set = Object.entries({ device_id: deviceId, ...own }).filter(([, value]) => value !== null);
  await call('set_reading_rules', { tenant_id: tenantId, ...Object.fromEntries(set) });
}

/** Names from a text with commas or spaces between them; null when there are none. */
export function namesIn(text: string): string[] | null {
  const names = text.split(/[\s,]+/).filter(Boolean);
  return names.length > 0 ? names : null;
}
