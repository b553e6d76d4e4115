// Who changed what. For owners.
import { rest } from '../session/clients.ts';
import { unwrap } from '../session/errors.ts';

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

/** A page of entries, newest first. @param before only those older: the last entry's id. @throws ApiError. */
export async function auditEntries(tenantId: string, most: number, before?: number): Promise<AuditEntry[]> {
  const entries = (await rest())
    .from('audit_log')
    .select('id,at,actor_id,actor_email,action,subject,details')
    .eq('tenant_id', tenantId);
  const page = before === undefined ? entries : entries.lt('id', before);
  return unwrap(await page.order('id', { ascending: false }).limit(most));
}
