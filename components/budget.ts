// What an environment may cost, and who hears of it before it does.
import { Budget as AzureBudget } from '@pulumi/azure-native/consumption/budget.js';
import { ComponentResource, type ComponentResourceOptions } from '@pulumi/pulumi';
import type { Operators } from './operators.ts';
import type { Placement } from './placement.ts';

/** Percent of the budget that operators are told of once they are spent. Azure takes five notifications at most. */
const SPENT = [50, 80, 100];

/** Arguments of {@link Budget}. */
export interface BudgetArgs {
  /** Required. Where it lives and what it is called. It covers the whole resource group. */
  placement: Placement;
  /** Required. Who is told. */
  operators: Operators;
  /** Required. A month's budget in the currency the subscription is billed in; Azure offers no other. */
  monthlyBudget: number;
}

/** Monthly budget of the environment's resource group. It informs and stops nothing. */
export class Budget extends ComponentResource {
  constructor(name: string, args: BudgetArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:Budget', name, {}, options);
    const { placement, operators, monthlyBudget } = args;
    const notification = (threshold: number, thresholdType: 'Actual' | 'Forecasted') => ({
      enabled: true,
      operator: 'GreaterThanOrEqualTo',
      threshold,
      thresholdType,
      // The action group has the mailboxes; named here too, each would get every mail twice.
      contactEmails: [],
      contactGroups: [operators.actionGroupId],
    });

    new AzureBudget(
      `${name}-monthly`,
      {
        budgetName: placement.names.own('budget'),
        scope: placement.resourceGroupId,
        category: 'Cost',
        amount: monthlyBudget,
        timeGrain: 'Monthly',
        timePeriod: { startDate: firstOfThisMonth() },
        notifications: {
          ...Object.fromEntries(SPENT.map((percent) => [`spent${percent}`, notification(percent, 'Actual')])),
          forecast100: notification(100, 'Forecasted'),
        },
      },
      {
        parent: this,
        // Azure creates a budget from the current month on only, and never lets it start at another time afterwards
        // (azure-quickstart-templates#7095): the date counts once, when the budget is made.
        ignoreChanges: ['timePeriod'],
      },
    );
    this.registerOutputs();
  }
}

/** In UTC, as Azure wants it: `2026-11-01T00:00:00Z`. */
function firstOfThisMonth(): string {
  return `${new Date().toISOString().slice(0, 7)}-01T00:00:00Z`;
}
