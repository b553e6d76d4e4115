// GOV-04: what goes wrong reaches somebody, and so does a change of the way in.
import { at, isSet, type Known } from '../known.ts';
import type { Resource } from '../resource.ts';
import { DEFAULT_IS_SAFE, type Finding, REQUIRED, type StackRule } from '../rule.ts';
import { ACTION_GROUP, ACTIVITY_LOG_ALERT, METRIC_ALERT, QUERY_ALERT, SECURITY_GROUP } from '../types.ts';
import { runsSomething } from './workload.ts';

/** The entries of a list that is known; a list that is not wires nothing to anybody. */
function items(value: Known): Known[] {
  return Array.isArray(value) ? value : [];
}

/** Every kind of alert, where its action groups are written, and whether `enabled` may be absent, which means true. */
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
/** What changes the way in (activity log operations of Microsoft.Network). */
const NSG_CHANGES = ['microsoft.network/networksecuritygroups/write', 'microsoft.network/networksecuritygroups/delete'];

function reachesSomebody({ props }: Resource): boolean {
  const receivers = Object.entries(props).filter(([key]) => key.endsWith('Receivers'));
  return props.enabled === true && receivers.some(([, value]) => Array.isArray(value) && value.length > 0);
}

/** What is wrong with an alert; undefined when it is on and wired. Ids of action groups need not be known. */
function judge({ type, name, props }: Resource): string | undefined {
  const { groups, defaultsToEnabled } = ALERTS[type]!;
  const enabled = props.enabled ?? (defaultsToEnabled ? true : undefined);
  if (enabled !== true) return `"${name}" is not surely enabled.`;
  return groups(props).some((id) => isSet(id)) ? undefined : `"${name}" tells nobody: it has no action group.`;
}

/** Every operation an activity log alert asks for, in lower case. */
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
    'A stack with a machine, a plan or an app has an enabled action group with a receiver and a metric or log alert; every alert is enabled and wired to an action group; where there is a security group, activity log alerts cover its being written and deleted.',
  reason:
    'A broker that stopped, a database that refuses and a rule that opened a port are else found by the first tenant who calls.',
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
    if (!resources.some((resource) => resource.type === ACTION_GROUP && reachesSomebody(resource)))
      findings.push({ message: 'The stack has no enabled action group that reaches somebody.' });
    if (!written.some(({ type }) => type !== ACTIVITY_LOG_ALERT))
      findings.push({ message: 'The stack has no alert on a metric or a log.' });
    const watched = working.flatMap(({ props }) => operations(props.condition));
    const missing = NSG_CHANGES.filter((operation) => !watched.includes(operation));
    if (resources.some(({ type }) => type === SECURITY_GROUP) && missing.length > 0)
      findings.push({ message: `No activity log alert that works covers ${missing.join(' and ')}.` });
    return findings;
  },
};
