// An environment's budget, and who is warned before it is spent.
import { Budget as AzureBudget } from '@pulumi/azure-native/consumption/budget.js';
import { ComponentResource, type ComponentResourceOptions } from '@pulumi/pulumi';
import type { Operators } from './operators.ts';
import type { Placement } from './placement.ts';

/** Operators are notified when this percentage of the budget is spent. Azure accepts at most five notifications. */
const SPENT = [50, 80, 100];

/** Arguments of {@link Budget}. */
export interface BudgetArgs {
  /** Required. Resource group, region, tags and names. The budget covers the whole resource group. */
  placement: Placement;
  /** Required. The operators that are notified. */
  operators: Operators;
  /** Required. The monthly budget, in the subscription's billing currency: Azure offers no other. */
  monthlyBudget: number;
}

/** Monthly budget of the environment's resource group. It warns, and stops nothing. */
export class Budget extends ComponentResource {
  constructor(name: string, args: BudgetArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:Budget', name, {}, options);
    const { placement, operators, monthlyBudget } = args;
    const notification = (threshold: number, thresholdType: 'Actual' | 'Forecasted') => ({
      enabled: true,
      operator: 'GreaterThanOrEqualTo',
      threshold,
      thresholdType,
      // The action group has the mailboxes; listed here, too, each would get every mail twice.
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
        // Azure creates a budget only from the current month on, and never changes its start afterwards
        // (azure-quickstart-templates#7095): the date matters once, when the budget is made.
        ignoreChanges: ['timePeriod'],
      },
    );
    this.registerOutputs();
  }
}

/** In UTC, as Azure requires: `2026-11-01T00:00:00Z`. */
function firstOfThisMonth(): string {
  return `${new Date().toISOString().slice(0, 7)}-01T00:00:00Z`;
}
