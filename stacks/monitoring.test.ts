// Faults are reported to somebody, and alerts ask only for what Azure or ingest really provide.
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../bootstrap/root.mjs';
import { LOG_CATEGORIES } from '../components/diagnostics.ts';
import { MANAGED_METRICS, METRICS } from '../components/metrics.ts';
import { FIGURES_LINE } from '../functions/health/report.ts';
import { hasFailed, type RunResult } from '../functions/ingest/run.ts';
import { makeBill, USUAL } from '../ops/cost/bill.ts';
import { alerts, type PlatformAlert } from '../provisioning/monitoring/alerts.ts';
import { logAlerts, metricAlerts, operationAlerts } from './tables/alerts.ts';
import azure from './testing/azure-monitor.json' with { type: 'json' };
import { FIGURE_MEMBERS, LINE_MEMBERS, membersIn, problemsIn, queriesIn } from './testing/kusto.ts';
import { having, type Inputs, nameOfUrn, type Planned, planOf } from './testing/plan.ts';

const BUDGETS: Record<string, number> = { dev: 40, prod: 50 };
const page = readFileSync(`${ROOT}/docs/monitoring.md`, 'utf8');
const ids = { machine: 'machine', insights: 'insights', group: 'group' };
const limits = { databaseBytes: 5e8 };
const logs = logAlerts(ids, limits);
const keys = [metricAlerts(ids, false), logs, operationAlerts(ids)].flatMap((table) => Object.keys(table));

describe.each(['dev', 'prod'])('%s', (stack) => {
  let plan: Planned[];
  beforeAll(async () => {
    plan = await planOf(stack);
  });
  const all = (type: RegExp) => plan.filter((entry) => type.test(entry.type));
  const madeFrom = (entry: Planned, property: string) =>
    entry.options.propertyDependencies?.[property]?.map(nameOfUrn) ?? [];

  it('has every alert of the table, on, and wired to the operators', () => {
    const alerts = all(/:(MetricAlert|ScheduledQueryRule|ActivityLogAlert)$/);
    expect(alerts.map(({ name }) => name).sort()).toEqual(keys.map((key) => `alerts-${key}`).sort());
    for (const alert of alerts) {
      expect(alert.inputs.enabled, alert.name).toBe(true);
      expect(madeFrom(alert, 'actions'), alert.name).toEqual(['operators-group']);
      expect(madeFrom(alert, 'scopes'), alert.name).toHaveLength(1);
    }
    const [group, ...others] = all(/:ActionGroup$/);
    expect(others).toEqual([]);
    expect(group?.inputs).toMatchObject({ enabled: true, emailReceivers: [{ emailAddress: 'platform@example.com' }] });
    expect(group?.inputs.groupShortName.length).toBeLessThanOrEqual(12);
  });

  it('watches the machine with every metric of the list', () => {
    const alerts = all(/:MetricAlert$/);
    const asked = alerts.flatMap(({ inputs }) => inputs.criteria.allOf.map((each: Inputs) => each.metricName));
    expect(asked.sort()).toEqual(
      Object.values(METRICS)
        .map(({ name }) => name)
        .sort(),
    );
    for (const alert of alerts) expect(madeFrom(alert, 'scopes')).toEqual(['broker-vm']);
  });

  it('keeps the logs of the vault, the app, the security group and the accounts’ blobs', () => {
    const settings = all(/:DiagnosticSetting$/);
    const sources = settings.flatMap((setting) => madeFrom(setting, 'resourceUri')).sort();
    // Only prod has accounts for archive and backups.
    const runners = stack === 'prod' ? ['archive-account', 'backups-account'] : [];
    expect(sources).toEqual([
      ...runners,
      'bundles-account',
      'functions-app',
      'network-nsg',
      'storage-account',
      'vault-vault',
    ]);
    for (const setting of settings) expect(madeFrom(setting, 'workspaceId')).toEqual(['logs-workspace']);
  });

  it('tells of the budget at 50, 80 and 100 %, and of a forecast, and keeps its first start date', () => {
    const [budget] = all(/:consumption:Budget$/);
    expect(budget?.inputs).toMatchObject({ amount: BUDGETS[stack], timeGrain: 'Monthly' });
    const told = Object.values(budget?.inputs.notifications).map((each: Inputs) => [
      each.threshold,
      each.thresholdType,
      each.enabled && each.contactGroups.length,
    ]);
    expect(told.sort()).toEqual([
      [100, 'Actual', 1],
      [100, 'Forecasted', 1],
      [50, 'Actual', 1],
      [80, 'Actual', 1],
    ]);
    expect(madeFrom(budget!, 'notifications')).toEqual(['operators-group']);
    expect(budget?.inputs.timePeriod.startDate).toMatch(/^\d{4}-\d\d-01T00:00:00Z$/);
    expect(budget?.options.ignoreChanges).toEqual(['timePeriod']);
  });

  it('stays within the free log volume, which only writers with the role can use up', () => {
    const [workspace] = all(/:Workspace$/);
    expect(workspace?.inputs.workspaceCapping.dailyQuotaGb * 31).toBeLessThan(5);
    expect(workspace?.inputs.retentionInDays).toBeLessThanOrEqual(31);
    const [insights] = all(/:applicationinsights:Component$/);
    for (const each of [workspace?.inputs.features, insights?.inputs]) expect(each.disableLocalAuth).toBe(true);
  });
});

describe('Azure knows', () => {
  it.each([...Object.values(METRICS), ...Object.values(MANAGED_METRICS)])(
    'the metric $name, and its aggregations',
    ({ namespace, name, aggregations }) => {
      const known: Record<string, string[]> = azure.metrics[namespace].metrics;
      expect(known[name]).toEqual(aggregations);
    },
  );

  it.each(Object.entries(LOG_CATEGORIES))('the logs of %s', (type, categories) => {
    const known = azure.logs[type as keyof typeof LOG_CATEGORIES].categories;
    expect(known).toEqual(expect.arrayContaining([...categories]));
  });

  it.each(Object.entries(logs))('the query of %s, and each column in it', (_, { query }) => {
    expect(problemsIn(query)).toEqual([]);
  });
});

/** Every outcome of a run. The compiler refuses a missing one, or one too many. */
const OUTCOMES: Record<RunResult['outcome'], true> = {
  idle: true,
  cap: true,
  'time-guard': true,
  stopped: true,
  skipped: true,
  failed: true,
  'broker-unavailable': true,
  'broker-lost': true,
  'canary-lost': true,
  'lease-lost': true,
};

describe('the log alerts', () => {
  const outcomesIn = (query: string) =>
    [...(/line\.outcome\) in \(([^)]*)\)/.exec(query)?.[1] ?? '').matchAll(/'([^']+)'/g)].map((match) => match[1]);
  const resultOf = (outcome: string) => ({ outcome }) as RunResult;
  const silent = logs['ingest-silent']!.query;
  const platform = logs.platform!.query;

  it('ask for members that a line has, and outcomes as ingest itself judges them', () => {
    expect(LINE_MEMBERS).toEqual(expect.arrayContaining(membersIn(silent)));
    expect(FIGURE_MEMBERS).toEqual(expect.arrayContaining(membersIn(platform)));
    expect(membersIn(platform).length).toBeGreaterThan(10);
    // A run that failed, found another one at work, or was told to stop, does not show that ingest works.
    const idle = ['skipped', 'stopped'];
    const successes = Object.keys(OUTCOMES).filter(
      (outcome) => !hasFailed(resultOf(outcome)) && !idle.includes(outcome),
    );
    expect(outcomesIn(silent).sort()).toEqual(successes.sort());
  });

  it('read the lines that are written', () => {
    const source = readFileSync(`${ROOT}/functions/ingest/run.ts`, 'utf8');
    expect(source).toContain("(result, 'mqtt_ingest run')");
    expect(silent).toContain("tostring(line.msg) == 'mqtt_ingest run'");
    expect(platform).toContain(`tostring(line.msg) == '${FIGURES_LINE}'`);
  });

  it('have a row by its name for each alert on the log, and stay below the 64 KB that Azure takes', () => {
    const names = alerts().flatMap(([name, { azure }]) =>
      'lines' in azure || ('query' in azure && !azure.alone) ? [name] : [],
    );
    expect([...platform.matchAll(/alert = '([\w-]+)'/g)].map((match) => match[1])).toEqual(names);
    expect(platform.length).toBeLessThan(32_000);
  });
});

describe('a threshold stands once', () => {
  const managed = { 'Microsoft.EventGrid/namespaces': 'mqtt', 'Microsoft.EventHub/namespaces': 'hub' };
  const all = Object.entries(metricAlerts({ ...ids, managed }, true));
  /** With another threshold, each expression must change: no literal of its own hides in it. */
  const OTHER = 987_654;
  const timed: [string, PlatformAlert][] = alerts();

  it.each(timed)('%s: in the expressions of Prometheus and Azure', (name, { threshold, prometheus, azure }) => {
    if (!('not' in prometheus)) expect(prometheus(OTHER, () => '5m')).toContain(String(OTHER));
    if ('query' in azure) expect(azure.query(OTHER)).toContain(String(OTHER));
    if ('lines' in azure)
      expect(logs.platform!.query).toMatch(new RegExp(`where value [<>] ${threshold}\n[^\n]*'${name}'`));
    if ('by' in azure) {
      const own = 'threshold' in azure ? azure.threshold : undefined;
      expect(all.find(([key]) => key === name)?.[1]).toMatchObject({ threshold: own ?? threshold });
      if (!('not' in prometheus) && own === undefined)
        expect(prometheus(threshold, () => '5m')).toContain(String(threshold));
    }
  });

  it('whether an alert fires above or below it is the same in both', () => {
    for (const [name, { prometheus, azure }] of timed) {
      const operator = 'operator' in azure ? azure.operator : 'lines' in azure ? azure.lines.operator : undefined;
      // A share of room that is left, and the age of a look, say it the other way round.
      if ('not' in prometheus || !operator || name === 'database-down') continue;
      const sign = operator === 'LessThan' ? '<' : '>';
      expect(
        prometheus(OTHER, () => '5m'),
        name,
      ).toContain(`${sign} ${OTHER}`);
    }
  });
});

it('with `machineAlerts` and `webTestMinutes`, the machine’s own metrics and the view from outside are watched, too', async () => {
  const plan: Planned[] = await planOf(
    'dev',
    having('machineAlerts: true', "webTestMinutes: '5'", "logAlertMinutes: '5'"),
  );
  const wanted = [...Object.keys(metricAlerts(ids, true)), 'platform-unreachable'];
  const made = plan.filter(({ type }) => /:MetricAlert$/.test(type));
  expect(made.map(({ inputs }) => String(inputs.ruleName).replace('alert-mqtt-saas-dev-', '')).sort()).toEqual(
    wanted.sort(),
  );
  const custom = made
    .flatMap(({ inputs }) => inputs.criteria.allOf ?? [])
    .filter((each: Inputs) => each.skipMetricValidation);
  // Azure knows none of them before the machine has sent one.
  expect(custom.length).toBeGreaterThan(8);
  for (const each of custom) expect(each.metricNamespace).toBe('MqttSaas');
  for (const { inputs } of plan.filter(({ type }) => /:ScheduledQueryRule$/.test(type)))
    expect(inputs.evaluationFrequency).toBe('PT5M');
  const [test] = plan.filter(({ type }) => /:WebTest$/.test(type));
  expect(test?.inputs).toMatchObject({
    frequency: 300,
    request: { requestUrl: expect.stringMatching(/\/api\/health$/) },
  });
  expect(Object.keys(test?.inputs.tags).some((tag) => /^hidden-link:\/subscriptions\/.*\/components\//.test(tag))).toBe(
    true,
  );
});

it('costs what the descriptions of the keys say, and dev’s budget covers all of it', async () => {
  const bill = async (...lines: string[]) => makeBill(await planOf('dev', having(...lines)), USUAL);
  const all = await bill('machineAlerts: true', "webTestMinutes: '5'", "logAlertMinutes: '5'");
  const extra = all.usd - (await bill()).usd;
  // docs/reference/configuration.md: 1.00 for the machine's, 5.75 for the web test, 2.00 more for the log; and a second of the
  // Function App for each request of the test.
  expect(extra).toBeCloseTo(1 + 5.75 + 2 + 0.11, 2);
  expect(all).toMatchObject({ unpriced: [] });
  expect(all.usd).toBeLessThan(all.budget!);
});

it('docs/monitoring.md has queries that Azure understands', () => {
  expect(queriesIn(page).flatMap(problemsIn)).toEqual([]);
});
