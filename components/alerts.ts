// Alerts of three kinds, made from tables: on a metric, on what the functions log, and on a change made through Azure's API. All are
// on and notify the operators; stacks/tables/alerts.ts says what they watch.
import { ActivityLogAlert } from '@pulumi/azure-native/monitor/activityLogAlert.js';
import { MetricAlert } from '@pulumi/azure-native/monitor/metricAlert.js';
import { ScheduledQueryRule } from '@pulumi/azure-native/monitor/scheduledQueryRule.js';
import { ComponentResource, type ComponentResourceOptions, type Input } from '@pulumi/pulumi';
import type { Aggregation, Metric } from './metrics.ts';
import type { Operators } from './operators.ts';
import type { Placement } from './placement.ts';

/** The properties of every alert. */
interface Watch {
  /** Required. What it means, in one or two sentences, for the mail. */
  meaning: string;
  /** Required. Azure resource id of what is watched. */
  of: Input<string>;
}

/** Azure's: 0 critical, 1 error, 2 warning, 3 informational. */
type Severity = 0 | 1 | 2 | 3;

/** An alert on a metric. Azure charges per metric, however often it is evaluated. */
export interface MetricWatch extends Watch {
  severity: Severity;
  metric: Metric;
  /** Required. One of the metric's aggregations. */
  by: Aggregation;
  /** Required. Fires if the aggregated value of the window crosses the threshold. */
  operator: 'LessThan' | 'GreaterThan';
  threshold: number;
  /** Required. Minutes. */
  window: 5 | 15 | 30;
}

/** An alert on a log query. Azure charges more for a rule that is evaluated more often. */
export interface LogWatch extends Watch {
  severity: Severity;
  /** Required. KQL. */
  query: string;
  /** Required. Fires if the query returns at least this number of rows. */
  rows: number;
  /** Required. Minutes of the log that the query sees. */
  window: 15 | 30;
  /** Optional. Days of the log that it sees instead. */
  days?: 1;
  /** Optional. A column of text: each of its values is an alert of its own, which is mailed and resolved by itself. */
  dimension?: string;
}

/** An alert on operations of Azure Resource Manager, by anyone, successful or attempted. Free. */
export interface OperationWatch extends Watch {
  /** Required. Names of operations, such as `Microsoft.Network/networkSecurityGroups/write`. */
  operations: readonly string[];
}

/** Arguments of {@link Alerts}. The key of an alert is part of its name. */
export interface AlertsArgs {
  /** Required. Resource group, region, tags and names. */
  placement: Placement;
  /** Required. The operators that are notified. */
  operators: Operators;
  /** Required. Alerts on metrics. */
  metrics: Record<string, MetricWatch>;
  /** Required. Alerts on what the functions log. */
  logs: Record<string, LogWatch>;
  /** Required. Minutes between two evaluations of an alert on the log: 5, 10 or 15. */
  logMinutes: number;
  /** Required. Alerts on changes made through Azure's API. */
  operations: Record<string, OperationWatch>;
}

/** Azure's name for "all conditions on metrics of one resource". */
const ONE_RESOURCE = 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria';

const minutes = (count: number) => `PT${count}M`;

/** The alert rules of an environment. */
export class Alerts extends ComponentResource {
  constructor(name: string, args: AlertsArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:Alerts', name, {}, options);
    const { placement, operators, metrics, logs, logMinutes, operations } = args;
    const { resourceGroupName, location, tags, names } = placement;
    const parent = { parent: this };
    const { actionGroupId } = operators;
    const common = (watch: Watch) => ({
      resourceGroupName,
      tags,
      description: watch.meaning,
      enabled: true,
      scopes: [watch.of],
    });

    for (const [key, watch] of Object.entries(metrics)) {
      const { metric, operator, threshold, window } = watch;
      const condition = {
        criterionType: 'StaticThresholdCriterion' as const,
        name: key,
        metricNamespace: metric.namespace,
        metricName: metric.name,
        timeAggregation: watch.by,
        operator,
        threshold,
        // Azure knows a custom metric only once it was sent.
        ...(metric.isCustom && { skipMetricValidation: true }),
      };
      if (!metric.aggregations.includes(watch.by)) throw new Error(`${key}: ${metric.name} has no ${watch.by}`);
      new MetricAlert(
        `${name}-${key}`,
        {
          ...common(watch),
          ruleName: names.own('alert', key),
          location: 'global',
          severity: watch.severity,
          evaluationFrequency: minutes(1),
          windowSize: minutes(window),
          autoMitigate: true,
          criteria: { odataType: ONE_RESOURCE, allOf: [condition] },
          actions: [{ actionGroupId }],
        },
        parent,
      );
    }

    for (const [key, watch] of Object.entries(logs)) {
      new ScheduledQueryRule(
        `${name}-${key}`,
        {
          ...common(watch),
          ruleName: names.own('alert', key),
          location,
          kind: 'LogAlert',
          severity: watch.severity,
          evaluationFrequency: minutes(logMinutes),
          windowSize: minutes(watch.window),
          ...(watch.days && { overrideQueryTimeRange: `P${watch.days}D` }),
          autoMitigate: true,
          criteria: {
            allOf: [
              {
                query: watch.query,
                timeAggregation: 'Count',
                ...(watch.dimension && { dimensions: [{ name: watch.dimension, operator: 'Include', values: ['*'] }] }),
                operator: 'GreaterThanOrEqual',
                threshold: watch.rows,
                failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 },
              },
            ],
          },
          actions: { actionGroups: [actionGroupId] },
        },
        parent,
      );
    }

    for (const [key, watch] of Object.entries(operations)) {
      new ActivityLogAlert(
        `${name}-${key}`,
        {
          ...common(watch),
          activityLogAlertName: names.own('alert', key),
          location: 'Global',
          condition: {
            allOf: [
              { field: 'category', equals: 'Administrative' },
              { anyOf: watch.operations.map((operation) => ({ field: 'operationName', equals: operation })) },
            ],
          },
          actions: { actionGroups: [{ actionGroupId }] },
        },
        parent,
      );
    }

    this.registerOutputs();
  }
}
