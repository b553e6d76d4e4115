// Alert rules, and what one would have fired on.
import { type Api, allRows, COUNTED, type FunctionRow, oneRow, type RowOf, write } from '../session/rows.ts';

/**
 * `device_id` and `tag` null: every device. A condition has a field (a name or a path), a comparison, and a threshold (`above`,
 * `below`; for `rate` a change a minute) or what is wanted; the second one has `also_` before each. `missing` has none.
 * `for_minutes`: how long all conditions must be met, 0 to 10,080; null: one number or a rate, whose alert is resolved after
 * `window_minutes` (1 to 1440; of a silence to 10,080).
 */
const rules = (api: Api) =>
  api
    .from('alert_rules')
    .select(
      'id,tenant_id,name,kind,device_id,tag,field,comparison,threshold,wanted,for_minutes,also_field,also_comparison,also_threshold,also_wanted,window_minutes,severity,enabled',
      COUNTED,
    );
export type Rule = RowOf<typeof rules>;

/** What a person decides about a rule. */
export type RuleDraft = Omit<Rule, 'id' | 'tenant_id' | 'enabled'>;

export type RuleKind = Rule['kind'];
export const KINDS = ['threshold', 'missing', 'rate'] as const satisfies RuleKind[];
export type Comparison = NonNullable<Rule['comparison']>;
export const COMPARISONS = ['above', 'below', 'is', 'is not', 'contains'] as const satisfies Comparison[];
export type Severity = Rule['severity'];
export const SEVERITIES = ['info', 'warning', 'critical'] as const satisfies Severity[];

/** By name. @throws ApiError, as all below. */
export async function listRules(tenantId: string): Promise<Rule[]> {
  return allRows((api: Api) => rules(api).eq('tenant_id', tenantId), ['name', 'id']);
}

/**
 * How far each rule is. `judged_at`: when it was last judged; null: not since it was made, changed or switched on. What came before
 * `judged_from` it does not judge.
 */
const progress = (api: Api) =>
  api
    .from('alert_rule_progress')
    .select(
      'rule_id,judged_at,judged_from,tried_at,problem,skipped_from,skipped_until,suppressed,suppressed_from,suppressed_until',
      COUNTED,
    );
export type Progress = RowOf<typeof progress>;

export async function ruleProgress(tenantId: string): Promise<Progress[]> {
  return allRows((api: Api) => progress(api).eq('tenant_id', tenantId), ['rule_id']);
}

export async function createRule(tenantId: string, draft: RuleDraft): Promise<void> {
  await write((api) => api.from('alert_rules').insert({ tenant_id: tenantId, ...draft }));
}

export async function changeRule(id: string, change: Partial<RuleDraft> & { enabled?: boolean }): Promise<void> {
  await write((api) => api.from('alert_rules').update(change).eq('id', id));
}

/** Its alerts are deleted with it. */
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

/**
 * What a rule would have opened alerts on: firings, on how many devices, in each of the hours (the newest last), and at most
 * five of them, newest first. `looked_from`: only what came since was tried; null: all of it.
 */
export type Trial = Omit<FunctionRow<'try_alert_rule'>, 'newest' | 'looked_from'> & {
  newest: Firing[];
  looked_from: string | null;
};

/** @param hours to look back: 1 to 25. Undefined when I no longer belong to the tenant. */
export async function tryRule(tenantId: string, draft: RuleDraft, hours: number): Promise<Trial | undefined> {
  const {
    name: _name,
    severity: _severity,
    kind,
    device_id,
    field,
    comparison,
    threshold,
    window_minutes,
    ...more
  } = draft;
  const rule = { kind, device_id, field, comparison, threshold, window_minutes };
  const given = Object.fromEntries(Object.entries(more).filter(([, value]) => value !== null));
  return (await oneRow((api) => api.rpc('try_alert_rule', { tenant_id: tenantId, ...rule, hours, ...given }))) as
    | Trial
    | undefined;
}
