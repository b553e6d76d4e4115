// Who changed what. For owners.
import { firstRows, type Part } from '../session/rows.ts';

export interface AuditEntry {
  id: number;
  at: string;
  actor_id: string | null;
  /** Null: the platform or its operator. */
  actor_email: string | null;
  /** Noun and verb: `device.changed`. */
  action: string;
  /** A slug, an e-mail address, a name or an id. */
  subject: string | null;
  /** For a change: `{ column: { from, to } }`. */
  details: Record<string, unknown>;
}

/** A page of entries, newest first. @param from begin after this one, which is newer. @throws ApiError. */
export function auditEntries(tenantId: string, most: number, from?: AuditEntry): Promise<Part<AuditEntry>> {
  return firstRows(
    (api) =>
      api.from('audit_log').select('id,at,actor_id,actor_email,action,subject,details').eq('tenant_id', tenantId),
    ['at.desc', 'id.desc'],
    most,
    from,
  );
}
