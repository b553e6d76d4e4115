// GOV-03: a budget notifies someone before costs get out of hand.
import { at, isObject, isSet, type Known } from '../known.ts';
import type { Resource } from '../resource.ts';
import { type Finding, REQUIRED, type StackRule } from '../rule.ts';
import { BUDGETS } from '../types.ts';
import { runsSomething } from './workload.ts';

/** Highest monthly budget, in the subscription's currency, unless configured. The platform normally costs far less. */
const CAP = 200;
/** Months in a budget's period. */
const MONTHS: Record<string, number> = {
  monthly: 1,
  billingmonth: 1,
  quarterly: 3,
  billingquarter: 3,
  annually: 12,
  billingannual: 12,
};

/** True when the notification is enabled and has a recipient; ids of action groups need not be known. */
function hasRecipient(notification: Known): boolean {
  const lists = ['contactEmails', 'contactGroups', 'contactRoles'].map((key) => at(notification, key));
  return at(notification, 'enabled') === true && lists.some((list) => Array.isArray(list) && list.some(isSet));
}

function judge({ urn, name, props }: Resource, cap: number): Finding[] {
  const months = typeof props.timeGrain === 'string' ? MONTHS[props.timeGrain.toLowerCase()] : undefined;
  const amount = typeof props.amount === 'number' && months !== undefined ? props.amount / months : undefined;
  const notifications = isObject(props.notifications) ? Object.values(props.notifications) : [];
  const findings: Finding[] = [];
  if (amount === undefined || amount > cap)
    findings.push({
      urn,
      message: `"${name}" exceeds ${cap} a month, or its amount or timeGrain is not known or not valid.`,
    });
  if (!notifications.some(hasRecipient))
    findings.push({ urn, message: `"${name}" has no enabled notification with a recipient.` });
  return findings;
}

export const budget: StackRule = {
  id: 'GOV-03',
  name: 'governance-budget',
  phase: 0,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'A stack with a machine, a plan or an app has a budget of at most 200 a month in the subscription’s currency (or as configured), with an enabled notification that has a recipient.',
  reason:
    'A runaway log or a compromised app shows first in the costs; without a budget, nobody notices until the monthly bill.',
  fix: 'add a consumption.Budget with amount, timeGrain: "Monthly" and notifications with contactEmails; to allow more, raise cap of governance-budget in the policy configuration',
  sources: [
    'Microsoft Learn, "Create and manage budgets" (https://learn.microsoft.com/azure/cost-management-billing/costs/tutorial-acm-create-budgets)',
  ],
  properties: { 'Budget.amount': REQUIRED, 'Budget.timeGrain': REQUIRED, 'Budget.notifications': REQUIRED },
  configSchema: { properties: { cap: { type: 'number' } } },
  checkStack(resources, { cap }) {
    if (!runsSomething(resources)) return [];
    const budgets = resources.filter(({ type }) => BUDGETS.includes(type));
    if (budgets.length === 0) return [{ message: 'The stack has billable resources and no budget.' }];
    return budgets.flatMap((each) => judge(each, typeof cap === 'number' ? cap : CAP));
  },
};
