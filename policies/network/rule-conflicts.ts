// Finds rules of a security group that conflict.
import type { ParsedRule } from './reachability/rule.ts';

/** A problem that prevents a rule from being judged. */
export interface RuleProblem {
  /** The resource that contains the rule. */
  urn: string;
  message: string;
}

/** Two rules that cannot both be in force. */
export interface RuleConflict extends RuleProblem {
  /** False for outbound rules, which the ingress contract ignores. */
  isInbound: boolean;
}

/** A rule with the resource that contains it. */
export interface WrittenRule {
  parsed: ParsedRule;
  urn: string;
  isStandalone: boolean;
  /** True when the rule comes from Azure and not from the program; it may be an older copy of a standalone rule. */
  isEcho: boolean;
  /** False when it is not certain that the rule belongs to this group. */
  isCertain: boolean;
}

function isInbound({ parsed }: WrittenRule): boolean {
  return parsed.direction !== 'Outbound';
}

function fingerprint(rule: ParsedRule): string {
  return JSON.stringify(rule, (_, value) => (typeof value === 'bigint' ? value.toString() : value));
}

/** Drops a group's copies of its standalone rules; two different rules with the same name are a conflict. */
function withoutCopies(rules: WrittenRule[], conflicts: RuleConflict[]): WrittenRule[] {
  const standalone = new Map(
    rules.filter((rule) => rule.isStandalone && rule.isCertain).map((rule) => [rule.parsed.name.toLowerCase(), rule]),
  );
  return rules.filter((rule) => {
    const twin = rule.isStandalone ? undefined : standalone.get(rule.parsed.name.toLowerCase());
    if (twin === undefined) return true;
    if (!rule.isEcho && fingerprint(rule.parsed) !== fingerprint(twin.parsed)) {
      const message = `Rule "${rule.parsed.name}" is defined twice with different fields, inline and standalone; each update overwrites one with the other.`;
      conflicts.push({ urn: twin.urn, message, isInbound: isInbound(rule) || isInbound(twin) });
    }
    return false;
  });
}

/** Azure keeps one rule per name, ignoring case and direction; which of two it keeps is not defined. */
function sameNames(rules: WrittenRule[]): RuleConflict[] {
  const first = new Map<string, WrittenRule>();
  return rules.flatMap((rule) => {
    const { name } = rule.parsed;
    const other = rule.isCertain ? first.get(name.toLowerCase()) : undefined;
    if (rule.isCertain && other === undefined) first.set(name.toLowerCase(), rule);
    if (other === undefined) return [];
    const message = `Rules "${other.parsed.name}" and "${name}" have the same name to Azure, which ignores case and keeps only one of them.`;
    return [{ urn: rule.urn, message, isInbound: isInbound(rule) || isInbound(other) }];
  });
}

function samePriorities(rules: WrittenRule[]): RuleConflict[] {
  const first = new Map<string, WrittenRule>();
  return rules.flatMap((rule) => {
    const { direction, priority, name } = rule.parsed;
    if (!rule.isCertain || direction === undefined || priority === undefined) return [];
    const slot = `${direction} ${priority}`;
    const other = first.get(slot);
    if (other === undefined) {
      first.set(slot, rule);
      return [];
    }
    const message = `Rules "${other.parsed.name}" and "${name}" are both ${direction} with priority ${priority}: which one applies first is not defined.`;
    return [{ urn: rule.urn, message, isInbound: isInbound(rule) }];
  });
}

/** The rules without a group's copies of its standalone rules, and the conflicts. */
export function settle(rules: WrittenRule[]): { kept: WrittenRule[]; conflicts: RuleConflict[] } {
  const conflicts: RuleConflict[] = [];
  const kept = withoutCopies(rules, conflicts);
  return { kept, conflicts: [...conflicts, ...sameNames(kept), ...samePriorities(kept)] };
}
