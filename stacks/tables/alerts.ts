// Azure's rules of the platform alerts: provisioning/monitoring/alerts.ts says what is watched and from when on it is told.
import type { Input } from '@pulumi/pulumi';
import type { LogWatch, MetricWatch, OperationWatch } from '../../components/alerts.ts';
import { MANAGED_METRICS, METRICS, machineMetric } from '../../components/metrics.ts';
import { alerts, type Limits, type Operator } from '../../provisioning/monitoring/alerts.ts';

/** Azure resource ids of what is watched. */
export interface Watched {
  /** The broker machine. */
  machine: Input<string>;
  /** The namespaces of the managed profile, by the type of their metrics; undefined without it. */
  managed?: Record<(typeof MANAGED_METRICS)[keyof typeof MANAGED_METRICS]['namespace'], Input<string>> | undefined;
  /** Application Insights, which holds the functions' log. */
  insights: Input<string>;
  /** The environment's resource group, with its security groups. */
  group: Input<string>;
}

/** Minutes that Azure has for the window of a metric alert, from the least that a restart for an update, or a late value, does not fill. */
const WINDOWS = [5, 15, 30] as const;
const windowOf = (minutes: number) => WINDOWS.find((window) => window >= minutes) ?? 30;

/**
 * The alerts on metrics of the machine, and of the managed profile.
 * @param withFigures whether those on what the machine sends are made, too.
 */
export function metricAlerts({ machine, managed }: Watched, withFigures: boolean): Record<string, MetricWatch> {
  const watches: Record<string, MetricWatch> = {};
  for (const [name, { meaning, severity, threshold, minutes, azure }] of alerts()) {
    const ofManaged = 'managed' in azure ? MANAGED_METRICS[azure.managed] : undefined;
    const of = ofManaged ? managed?.[ofManaged.namespace] : machine;
    const ofMachine =
      'metric' in azure ? METRICS[azure.metric] : 'machine' in azure && withFigures && machineMetric(azure.machine);
    const metric = ofManaged ?? ofMachine;
    if (!metric || !of || !('by' in azure)) continue;
    const { by, operator } = azure;
    const own = 'threshold' in azure ? azure.threshold : threshold;
    watches[name] = {
      meaning,
      of,
      severity,
      metric,
      by,
      operator,
      threshold: own ?? threshold,
      window: windowOf(minutes),
    };
  }
  return watches;
}

/** One line a minute with the figures of the platform: functions/health/report.ts. */
const LINES = `traces
| where message has 'platform figures'
| extend line = parse_json(message)
| where tostring(line.msg) == 'platform figures'`;

const SIGNS = { LessThan: '<', GreaterThan: '>' } as const satisfies Record<Operator, string>;

/**
 * The alerts on the functions' log. Each rule costs, so there is one for all that can be wrong, whose query has a row with the alert's
 * name for each; and one for a log that does not arrive.
 */
export function logAlerts({ insights: of }: Watched, limits: Limits): Record<string, LogWatch> {
  const alone: Record<string, LogWatch> = {};
  const parts: string[] = [];
  for (const [name, { meaning, severity, threshold, azure }] of alerts()) {
    const row = `project alert = '${name}', value = todouble(value)`;
    if ('lines' in azure) {
      const { minutes, value, operator } = azure.lines;
      const aggregate = value((figure) => `todouble(line.${figure})`, limits);
      parts.push(`lines
  | where timestamp > ago(${minutes}m)
  | summarize value = ${aggregate}
  | where value ${SIGNS[operator]} ${threshold}
  | ${row}`);
    } else if ('query' in azure) {
      const query = azure.query(threshold);
      // It returns a row even if no line arrived at all.
      if (azure.alone) alone[name] = { meaning, of, severity, query, rows: 1, window: 30 };
      else parts.push(`${query.replaceAll('\n', '\n  ')}\n  | ${row}`);
    }
  }
  const meaning = 'A platform alert; the dimension "alert" names it: docs/reference/alerts.md says what to do.';
  const query = `let lines = ${LINES};
let maintenance = toscalar(lines | where timestamp > ago(15m) | summarize max(toint(line.maintenance)));
union
(${parts.join('),\n(')})
| where coalesce(maintenance, 0) == 0`;
  return { platform: { meaning, of, severity: 1, query, rows: 1, window: 15, days: 1, dimension: 'alert' }, ...alone };
}

/** The alerts on changes made through Azure's API. */
export function operationAlerts({ group: of }: Watched): Record<string, OperationWatch> {
  const watches: Record<string, OperationWatch> = {};
  for (const [name, { meaning, azure }] of alerts())
    if ('operations' in azure) watches[name] = { meaning, of, operations: azure.operations };
  return watches;
}
