// GOV-04: alerts exist for failures and for changes to network security groups, and they notify someone.
import { at, isSet, type Known, UNKNOWN } from '../known.ts';
import type { Resource } from '../resource.ts';
import { DEFAULT_IS_SAFE, type Finding, REQUIRED, type StackRule } from '../rule.ts';
import { ACTION_GROUP, ACTIVITY_LOG_ALERT, METRIC_ALERT, QUERY_ALERT, SECURITY_GROUP } from '../types.ts';
import { runsSomething } from './workload.ts';

/** The entries of a known list; an unknown list counts as empty. */
function items(value: Known): Known[] {
  return Array.isArray(value) ? value : [];
}

/** Every kind of alert: where its action groups are, and whether `enabled` is true by default. */
const ALERTS: Record<string, { groups: (props: Known) => Known[]; defaultsToEnabled: boolean }> = {
  [ACTIVITY_LOG_ALERT]: {
    groups: (props) => items(at(props, 'actions', 'actionGroups')).map((each) => at(each, 'actionGroupId')),
    defaultsToEnabled: true,
  },
  [METRIC_ALERT]: {
    groups: (props) => items(at(props, 'actions')).map((each) => at(each, 'actionGroupId')),
    defaultsToEnabled: false,
  },
  [QUERY_ALERT]: { groups: (props) => items(at(props, 'actions', 'actionGroups')), defaultsToEnabled: true },
};
/** Activity log operations of Microsoft.Network that change a network security group. */
const NSG_CHANGES = ['microsoft.network/networksecuritygroups/write', 'microsoft.network/networksecuritygroups/delete'];

function hasReceiver({ props }: Resource): boolean {
  const receivers = Object.entries(props).filter(([key]) => key.endsWith('Receivers'));
  return props.enabled === true && receivers.some(([, value]) => Array.isArray(value) && value.length > 0);
}

/** What is wrong with an alert; undefined when it is enabled and has an action group. Ids of action groups need not be known. */
function judge({ type, name, props }: Resource): string | undefined {
  const { groups, defaultsToEnabled } = ALERTS[type]!;
  const enabled = props.enabled ?? (defaultsToEnabled ? true : undefined);
  if (enabled === UNKNOWN) return `"${name}": enabled is not known during preview.`;
  if (enabled !== true) return `"${name}" is not enabled.`;
  return groups(props).some((id) => isSet(id)) ? undefined : `"${name}" notifies nobody: it has no action group.`;
}

/** Every operation in an activity log alert's condition, in lower case. */
function operations(condition: Known): string[] {
  return items(at(condition, 'allOf')).flatMap((each) => {
    const terms: Known[] = [each, ...items(at(each, 'anyOf'))];
    return terms.flatMap((term) => {
      if (at(term, 'field') !== 'operationName') return [];
      const values = [at(term, 'equals'), ...items(at(term, 'containsAny'))];
      return values.filter((value) => typeof value === 'string').map((value) => value.toLowerCase());
    });
  });
}

export const alerts: StackRule = {
  id: 'GOV-04',
  name: 'governance-alerts',
  phase: 1,
  severity: 'medium',
  enforcement: 'mandatory',
  demand:
    'A stack with a machine, a plan or an app has an enabled action group with a receiver and a metric or log alert. Every alert is enabled and has an action group. If there is a network security group, activity log alerts cover writing and deleting it.',
  reason:
    'Otherwise a stopped broker, a database that refuses connections or a newly opened port is first noticed by a tenant.',
  fix: 'add monitor.ActionGroup, monitor.MetricAlert or ScheduledQueryRule, and monitor.ActivityLogAlert for Microsoft.Network/networkSecurityGroups/write and /delete',
  sources: [
    'Microsoft Learn, "What are Azure Monitor alerts?" (https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-overview)',
    'CIS Azure Foundations 3.0 6.2.3, 6.2.4, 4.0 7.1.2.3, 7.1.2.4',
  ],
  properties: {
    'ActionGroup.enabled': REQUIRED,
    'ActionGroup.emailReceivers': REQUIRED,
    'MetricAlert.enabled': REQUIRED,
    'MetricAlert.actions': REQUIRED,
    'ActivityLogAlert.enabled': DEFAULT_IS_SAFE,
    'ActivityLogAlert.actions': REQUIRED,
    'ActivityLogAlert.condition': REQUIRED,
  },
  checkStack(resources): Finding[] {
    if (!runsSomething(resources)) return [];
    const written = resources.filter(({ type }) => type in ALERTS);
    const working = written.filter((alert) => judge(alert) === undefined);
    const findings = written.flatMap((alert): Finding[] => {
      const message = judge(alert);
      return message === undefined ? [] : [{ urn: alert.urn, message }];
    });
    if (!resources.some((resource) => resource.type === ACTION_GROUP && hasReceiver(resource)))
      findings.push({ message: 'The stack has no enabled action group with a receiver.' });
    if (!written.some(({ type }) => type !== ACTIVITY_LOG_ALERT))
      findings.push({ message: 'The stack has no alert on a metric or a log.' });
    const watched = working.flatMap(({ props }) => operations(props.condition));
    const missing = NSG_CHANGES.filter((operation) => !watched.includes(operation));
    if (resources.some(({ type }) => type === SECURITY_GROUP) && missing.length > 0)
      findings.push({ message: `No enabled activity log alert with an action group covers ${missing.join(' and ')}.` });
    return findings;
  },
};
