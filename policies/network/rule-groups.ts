// Combines what Azure evaluates as one list: the inline rules of a network security group and its standalone rules.
import type { Known } from '../known.ts';
import { follow } from '../links.ts';
import type { Resource } from '../resource.ts';
import { SECURITY_GROUP, SECURITY_RULE } from '../types.ts';
import { type AddressSet, ALL_ADDRESSES } from './reachability/addresses.ts';
import { type ParsedRule, parseRule, type SecurityRule } from './reachability/rule.ts';
import { type RuleConflict, type RuleProblem, settle, type WrittenRule } from './rule-conflicts.ts';
import { addressesBehind } from './subnets.ts';

/** The rules of one network security group. */
export interface RuleGroup {
  /** The group's resource; undefined when it is not in the stack. */
  resource?: Resource;
  /** The group's name for messages. */
  title: string;
  /** Readable inbound rules, with the resource that contains each and whether it exists in Azure only. */
  inbound: { rule: SecurityRule; urn: string; isEcho: boolean }[];
  /** Fields that are not known or not readable. */
  unreadable: RuleProblem[];
  /** Conflicting rules: the same name, or the same priority in one direction. */
  conflicts: RuleConflict[];
  /** Addresses behind the group. */
  machine: AddressSet;
}

/** The inline rules of a security group; a list that is not known counts as one unreadable rule. */
export function inlineRules({ name, props }: Resource): { raw: Known; parsed: ParsedRule }[] {
  const list: Known = props.securityRules ?? [];
  const rules: Known[] = Array.isArray(list) ? list : [list];
  return rules.map((raw, index) => ({ raw, parsed: parseRule(raw, `${name}.securityRules[${index}]`) }));
}

/** A standalone rule's own fields. */
export function standaloneRule({ name, props }: Resource): ParsedRule {
  // Without a name, azure-native generates a unique one.
  return parseRule({ ...props, name: typeof props.name === 'string' ? props.name : props.securityRuleName }, name);
}

/** One problem per unreadable field of a rule. */
export function unreadableFields({ name, problems }: ParsedRule, urn: string): RuleProblem[] {
  return problems.map((problem) => ({ urn, message: `Rule "${name}": ${problem}.` }));
}

function written(group: Resource): WrittenRule[] {
  return inlineRules(group).map(({ raw, parsed }) => ({
    parsed,
    urn: group.urn,
    isStandalone: false,
    isEcho: typeof raw === 'object' && raw !== null && ('etag' in raw || 'provisioningState' in raw),
    isCertain: true,
  }));
}

/** The groups a standalone rule belongs to; empty when its group is not in the stack. */
function groupsOf(
  rule: Resource,
  groups: Resource[],
  resources: Resource[],
): { group: Resource; isCertain: boolean }[] {
  const link = follow(rule, 'networkSecurityGroupName', rule.props.networkSecurityGroupName, SECURITY_GROUP, resources);
  if (link === 'outside') return [];
  if (link !== 'unknown') return link.map((group) => ({ group, isCertain: link.length === 1 }));
  const related = groups.filter(({ urn }) => urn === rule.parent || rule.dependencies.includes(urn));
  const possible = related.length > 0 ? related : groups;
  return possible.map((group) => ({ group, isCertain: possible.length === 1 }));
}

function assemble(title: string, rules: WrittenRule[], machine: AddressSet, resource?: Resource): RuleGroup {
  const { kept, conflicts } = settle(rules);
  return {
    resource,
    title,
    machine,
    conflicts,
    unreadable: kept.flatMap(({ parsed, urn }) => unreadableFields(parsed, urn)),
    // A Deny rule that may belong to another group must not make this one look safe.
    inbound: kept.flatMap(({ parsed, urn, isCertain, isEcho }) =>
      parsed.inbound !== undefined && (isCertain || parsed.inbound.access === 'Allow')
        ? [{ rule: parsed.inbound, urn, isEcho }]
        : [],
    ),
  };
}

/**
 * Every network security group of the stack with all its rules. A standalone rule whose group is not known is added to every
 * group that it may belong to; rules of a group outside the stack are judged together as that group.
 */
export function ruleGroups(resources: Resource[]): RuleGroup[] {
  const groups = resources.filter(({ type }) => type === SECURITY_GROUP);
  const members = new Map(groups.map((group) => [group, written(group)]));
  const outside = new Map<string, WrittenRule[]>();
  for (const rule of resources.filter(({ type }) => type === SECURITY_RULE)) {
    const entry = { parsed: standaloneRule(rule), urn: rule.urn, isStandalone: true, isEcho: false };
    const owners = groupsOf(rule, groups, resources);
    for (const { group, isCertain } of owners) members.get(group)!.push({ ...entry, isCertain });
    if (owners.length > 0) continue;
    const groupName = rule.props.networkSecurityGroupName;
    const key = typeof groupName === 'string' ? groupName.toLowerCase() : '';
    outside.set(key, [...(outside.get(key) ?? []), { ...entry, isCertain: true }]);
  }
  return [
    ...[...members].map(([group, rules]) =>
      assemble(`group "${group.name}"`, rules, addressesBehind(group, resources), group),
    ),
    ...[...outside.values()].map((rules) => assemble('a group outside this stack', rules, ALL_ADDRESSES)),
  ];
}
