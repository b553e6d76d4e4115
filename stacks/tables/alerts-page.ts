// docs/reference/alerts.md: every platform alert, from the table and the rules that are made of it.
import { MANAGED_METRICS, METRICS, machineMetric } from '../../components/metrics.ts';
import { type AlertName, alerts, type PlatformAlert, SEVERITIES } from '../../provisioning/monitoring/alerts.ts';
import { logAlerts } from './alerts.ts';

const INTRODUCTION = `# Platform alerts

Generated from \`provisioning/monitoring/alerts.ts\`; change it there, then
\`npx vitest run stacks/tables/alerts-page.test.ts --update\`. [Monitoring](../monitoring.md) says how they reach you, and what they cost.

\`critical\`: devices or readings are affected now. \`error\`: they will be. \`warning\`: look at it today.
`;

/** The page. Its headings are what an alert's \`runbook\` names. */
export function renderAlertsPage(): string {
  const rows = alerts().map(
    ([name, { meaning, severity, prometheus, azure }]) =>
      `| [\`${name}\`](#${name}) | ${SEVERITIES[severity]} | ${meaning} | ${'not' in prometheus ? '–' : 'yes'} | ${azureWord(azure)} |`,
  );
  const table = ['| alert | severity | meaning | Prometheus | Azure |', '|---|---|---|---|---|', ...rows].join('\n');
  const sections = alerts().map(section);
  const queries = Object.entries(logAlerts({ machine: '', insights: '', group: '' }, { databaseBytes: 5e8 })).map(
    ([rule, { query }]) => `### The rule \`${rule}\`\n\n\`\`\`kusto\n${query}\n\`\`\``,
  );
  const log = `## Azure's queries on the log\n\nHere with a \`databaseLimitMb\` of 500.\n\n${queries.join('\n\n')}\n`;
  return `${[`${INTRODUCTION}\n${table}`, '## Each alert', ...sections, log].join('\n\n')}`;
}

function section([name, { meaning, toDo, minutes, severity, threshold, prometheus, azure }]: [
  AlertName,
  PlatformAlert,
]) {
  const lasts = minutes > 0 ? `, when it has lasted ${minutes} minutes` : '';
  const expression =
    'not' in prometheus ? `not, ${prometheus.not}` : `\`${prometheus(threshold, (span) => `${span}m`)}\`${lasts}`;
  return `### ${name}

${meaning}

**Look here first:** ${toDo}

- Severity: ${SEVERITIES[severity]}
- Prometheus: ${expression}
- Azure: ${inAzure(azure, threshold)}`;
}

const WORDS = { LessThan: 'under', GreaterThan: 'over' };

function azureWord(azure: PlatformAlert['azure']): string {
  if ('not' in azure) return '–';
  if ('machine' in azure) return '`machineAlerts`';
  if ('managed' in azure) return '`managed`';
  return 'webTest' in azure ? '`webTestMinutes`' : 'yes';
}

function inAzure(azure: PlatformAlert['azure'], threshold: number): string {
  if ('not' in azure) return `not, ${azure.not}`;
  if ('metric' in azure) return `metric \`${METRICS[azure.metric].name}\` ${WORDS[azure.operator]} ${threshold}`;
  if ('managed' in azure) {
    const { namespace, name } = MANAGED_METRICS[azure.managed];
    return `metric \`${name}\` of \`${namespace}\`, ${WORDS[azure.operator]} ${threshold}, with \`managed\``;
  }
  if ('machine' in azure) {
    const { namespace, name } = machineMetric(azure.machine);
    return `custom metric \`${namespace}/${name}\` ${WORDS[azure.operator]} ${azure.threshold ?? threshold}, with \`machineAlerts\``;
  }
  if ('lines' in azure)
    return `in the rule \`platform\`, ${WORDS[azure.lines.operator]} ${threshold} for the figures of the last ${azure.lines.minutes} minutes`;
  if ('query' in azure) return azure.alone ? 'a rule on the log of its own' : 'in the rule `platform`';
  if ('webTest' in azure) return 'a web test from outside, with `webTestMinutes`';
  return 'budget' in azure ? 'the budget' : 'the activity log';
}
