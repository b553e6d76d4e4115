// Alert rules, and what one would have fired on.
import { allRows, COUNTED, oneRow, write } from '../session/rows.ts';

export const KINDS = ['threshold', 'missing', 'rate'] as const;
export type RuleKind = (typeof KINDS)[number];
export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What a person decides about a rule. */
export interface RuleDraft {
  name: string;
  kind: RuleKind;
  /** Null: every device. */
  device_id: string | null;
  /** A numeric top-level field; null for `missing`, as comparison and threshold are. */
  field: string | null;
  comparison: 'above' | 'below' | null;
  /** For `rate`: change a minute. */
  threshold: number | null;
  /** 1 to 1440. */
  window_minutes: number;
  severity: Severity;
}

export interface Rule extends RuleDraft {
  id: string;
  tenant_id: string;
  enabled: boolean;
}

const COLUMNS = 'id,tenant_id,name,kind,device_id,field,comparison,threshold,window_minutes,severity,enabled';

/** By name. @throws ApiError, as all below. */
export async function listRules(tenantId: string): Promise<Rule[]> {
  return allRows((api) => api.from('alert_rules').select(COLUMNS, COUNTED).eq('tenant_id', tenantId), ['name', 'id']);
}

export async function createRule(tenantId: string, draft: RuleDraft): Promise<void> {
  await write((api) => api.from('alert_rules').insert({ tenant_id: tenantId, ...draft }));
}

export async function changeRule(id: string, change: Partial<RuleDraft> & { enabled?: boolean }): Promise<void> {
  await write((api) => api.from('alert_rules').update(change).eq('id', id));
}

/** Its alerts go with it. */
export async function deleteRule(id: string): Promise<void> {
  await write((api) => api.from('alert_rules').delete().eq('id', id));
}

/** A moment at which a rule would have opened an alert. */
export interface Firing {
  device_id: string;
  at: string;
  /** What broke the rule; for `missing`, minutes of silence. */
  value: number | null;
}

/** What a rule would have opened alerts on. */
export interface Trial {
  firings: number;
  /** On how many devices. */
  devices: number;
  /** Firings of each of the hours, the newest last. */
  by_hour: number[];
  /** At most five, newest first. */
  newest: Firing[];
}

/** In the last so many hours: 1 to 25. Undefined when the tenant is mine no longer. */
export function tryRule(tenantId: string, draft: RuleDraft, hours: number): Promise<Trial | undefined> {
  const { kind, device_id, field, comparison, threshold, window_minutes } = draft;
  const rule = { kind, device_id, field, comparison, threshold, window_minutes };
  return oneRow((api) => api.rpc('try_alert_rule', { tenant_id: tenantId, ...rule, hours }));
}
