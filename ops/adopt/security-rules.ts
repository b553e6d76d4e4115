// What happens to each rule of the recorded security group until the cut-over: it stays, or changes for a stated reason. Pure.
import { type IntervalSet, subtract, union } from '../../policies/network/reachability/intervals.ts';
import { parsePortRange } from '../../policies/network/reachability/ports.ts';
import { FIRST_GRACE_PRIORITY, SSH_RULE_NAMES } from '../../stacks/adoption/grace-rules.ts';
import { CUT_OVER } from '../../stacks/adoption/plan.ts';
import type { Change } from './account.ts';
import { at, items, type Json } from './json.ts';
import { type Inputs, securityRule } from './translate.ts';

/** The rules that stay, and an explanation for each that changes. */
export interface GraceRules {
  /** In the order of the recording; their names and priorities do not collide with the program's SSH rules. */
  rules: Inputs[];
  /** By the recorded name. */
  changes: RuleChange[];
}

/** A rule that phase 1 changes or removes. */
export interface RuleChange {
  rule: string;
  outcome: 'set' | 'taken away';
  why: string;
}

/** What happens to the rules, phase by phase: all that phase 1 keeps ends with the cut-over, which has only the program's rules. */
export function ruleChanges({ rules, changes }: GraceRules): Change[] {
  const resource = 'network-nsg';
  const early = changes.map(({ rule, outcome, why }) => ({
    phase: 1,
    resource,
    member: rule,
    outcome,
    // In the report, a set rule is represented by its reason.
    why: outcome === 'set' ? `${rule} ${why}` : why,
    back: 'phase 0',
  }));
  const late = rules.map(
    ({ name, direction, access }): Change => ({
      phase: CUT_OVER,
      resource,
      member: String(name),
      outcome: 'taken away',
      why: endOf(is(direction, 'outbound'), is(access, 'deny')),
      back: 'phase 1',
    }),
  );
  return [...early, ...late];
}

function endOf(isOutbound: boolean, isDeny: boolean): string {
  if (isOutbound && isDeny) return 'the platform has no outbound rules, so what this one refused may go out';
  if (isOutbound) return 'the platform has no outbound rules, so all may go out';
  return isDeny
    ? 'the platform opens 8883 to everyone, so whom this one kept out may come in there'
    : 'the old openings end';
}

const [FIRST_PRIORITY, LAST_PRIORITY] = [100, 4096];
/** Maximum number in a group, both directions together ("Azure subscription and service limits", Microsoft Learn). */
const MOST_RULES = 1000;
const SSH: IntervalSet = [{ from: 22n, to: 22n }];
/** Added to a name that the program uses. */
const RENAMED = '-recorded';

/** @throws Error if Azure cannot have printed the recording, or its limit leaves no room. */
export function graceRules(securityGroup: Json): GraceRules {
  const recorded = items(at(securityGroup, 'securityRules')).map(securityRule);
  refuseImpossible(recorded);
  const changes: RuleChange[] = [];
  const say = (rule: Inputs, outcome: RuleChange['outcome'], why: string) =>
    changes.push({ rule: String(rule.name), outcome, why });
  const open = recorded.flatMap((rule) => withoutSsh(rule, say));
  const room = MOST_RULES - SSH_RULE_NAMES.length;
  if (open.length > room) {
    throw new Error(
      `nsg.json: ${open.length} rules stay, and beside the program's ${SSH_RULE_NAMES.length} for SSH Azure takes ${room}: ` +
        'put prefixes or ports of several rules into one, then record again',
    );
  }
  const priorities = placed(
    open
      .filter(isInbound)
      .map(priorityOf)
      .sort((a, b) => a - b),
  );
  const rules = open.map((rule) => {
    const priority = isInbound(rule) ? priorities.get(priorityOf(rule)) : priorityOf(rule);
    const name = nameBeside(String(rule.name), recorded);
    if (priority !== rule.priority) {
      const range = `${FIRST_PRIORITY} to ${FIRST_GRACE_PRIORITY - 1} are for SSH; the order stays`;
      say(rule, 'set', `priority ${rule.priority} becomes ${priority}: ${range}`);
    }
    if (name !== rule.name) say(rule, 'set', `is called ${name}: the program has a rule of its name`);
    return { ...rule, name, priority: priority as number };
  });
  return { rules, changes };
}

/** True for a finding about this rule, under its recorded or its new name. */
export const isAbout = (message: string, { name }: Record<string, unknown>) =>
  [String(name), String(name).replace(new RegExp(`${RENAMED}(-\\d+)?$`), '')].some((each) =>
    message.includes(`"${each}"`),
  );

const is = (value: Json | undefined, word: string) => String(value).toLowerCase() === word;
const isInbound = ({ direction }: Inputs) => !is(direction, 'outbound');
const priorityOf = ({ priority }: Inputs) => Number(priority);

/** Azure has no two rules of one name, and no two of one priority in the same direction: their order would be a guess. */
function refuseImpossible(rules: Inputs[]): void {
  const seen = new Map<string, Inputs>();
  for (const rule of rules) {
    const priority = priorityOf(rule);
    const side = isInbound(rule) ? 'inbound' : 'outbound';
    if (!Number.isInteger(priority) || priority < FIRST_PRIORITY || priority > LAST_PRIORITY) {
      throw new Error(
        `nsg.json: the rule ${rule.name} has no priority from ${FIRST_PRIORITY} to ${LAST_PRIORITY}: record it again`,
      );
    }
    for (const what of [`name ${String(rule.name).toLowerCase()}`, `${side} priority ${priority}`]) {
      const other = seen.get(what);
      if (other) {
        throw new Error(
          `nsg.json: the rules ${other.name} and ${rule.name} have one ${what}, which Azure does not allow: record it again`,
        );
      }
      seen.set(what, rule);
    }
  }
}

/** SSH belongs to the program: an Allow of TCP loses port 22. A rule for other protocols keeps its ports below the Deny of SSH. */
function withoutSsh(rule: Inputs, say: (rule: Inputs, outcome: RuleChange['outcome'], why: string) => void): Inputs[] {
  const ranges = portsOf(rule).map(parsePortRange);
  if (!isInbound(rule) || !is(rule.access, 'allow') || ranges.some((range) => range === undefined)) return [rule];
  const ports = union(ranges.filter((range) => range !== undefined));
  const rest = subtract(ports, SSH);
  if (rest.reduce(count, 0n) === ports.reduce(count, 0n)) return [rule];
  if (is(rule.protocol, '*')) {
    say(rule, 'set', 'keeps its ports, but a Deny above it closes TCP port 22');
    return [rule];
  }
  if (!is(rule.protocol, 'tcp')) return [rule];
  if (rest.length === 0) {
    say(rule, 'taken away', 'SSH is for adminCidrs only');
    return [];
  }
  const texts = rest.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`));
  say(rule, 'set', `ports ${portsOf(rule).join(', ')} become ${texts.join(', ')}: SSH is for adminCidrs only`);
  const { destinationPortRange: _, destinationPortRanges: __, ...others } = rule;
  const [only, ...more] = texts as [string, ...string[]];
  return [more.length === 0 ? { ...others, destinationPortRange: only } : { ...others, destinationPortRanges: texts }];
}

const count = (sum: bigint, { from, to }: { from: bigint; to: bigint }) => sum + to - from + 1n;

const portsOf = ({ destinationPortRange: one, destinationPortRanges: many }: Inputs): string[] =>
  [...(one === undefined ? [] : [one]), ...items(many)].map(String);

/** New priorities: only colliding rules move, upwards; at the upper end, they move down. */
function placed(sorted: number[]): Map<number, number> {
  const next: number[] = [];
  for (const priority of sorted) next.push(Math.max(priority, FIRST_GRACE_PRIORITY, (next.at(-1) ?? 0) + 1));
  for (let i = next.length - 1; i >= 0; i--)
    next[i] = Math.min(next[i] as number, (next[i + 1] ?? LAST_PRIORITY + 1) - 1);
  return new Map(sorted.map((priority, i) => [priority, next[i] as number]));
}

/** The rule's name, or a free one if the program uses it. */
function nameBeside(name: string, recorded: Inputs[]): string {
  if (!SSH_RULE_NAMES.includes(name.toLowerCase())) return name;
  return freeName(
    `${name}${RENAMED}`,
    recorded.map((rule) => String(rule.name)),
  );
}

/** The name, with a number if it is taken: Azure overwrites a rule of the same name, regardless of case. */
export function freeName(name: string, taken: string[]): string {
  const isTaken = (one: string) => taken.some((each) => each.toLowerCase() === one.toLowerCase());
  let free = name;
  for (let n = 2; isTaken(free); n++) free = `${name}-${n}`;
  return free;
}
