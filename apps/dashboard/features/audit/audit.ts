// Who changed what. For owners.
import { type Api, firstRows, type Part, type RowOf } from '../session/rows.ts';

/**
 * `actor_email` null: the platform or its operator. `action`: noun and verb, `device.changed`. `subject`: a slug, an e-mail
 * address, a name or an id. `details` of a change: `{ column: { from, to } }`.
 */
const entries = (api: Api) => api.from('audit_log').select('id,at,actor_id,actor_email,action,subject,details');
export type AuditEntry = RowOf<typeof entries>;

/** A page of entries, newest first. @param from begin after this one, which is newer. @throws ApiError. */
export function auditEntries(tenantId: string, most: number, from?: AuditEntry): Promise<Part<AuditEntry>> {
  return firstRows((api: Api) => entries(api).eq('tenant_id', tenantId), ['at.desc', 'id.desc'], most, from);
}
