// The files for Prometheus, Alertmanager and Grafana name only what exists: metrics of the pages and of the machine, headings of the docs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../../bootstrap/root.mjs';
import { RARE_JOBS_S } from '../../domain/health-limits.ts';
import { FIGURES } from '../../functions/health/figures.ts';
import { renderMetrics } from '../../functions/health/metrics.ts';
import { JOBS } from '../../functions/periodic/jobs.ts';
import { MONITORED } from '../machine/bundle/monitored.ts';
import { alerts } from './alerts.ts';
import { monitoringFiles } from './files.ts';
import { renderRules } from './prometheus.ts';

const files = monitoringFiles();
const namesIn = (text: string) => [...new Set(text.match(/\b(?:mqtt_saas|process|nodejs)_[a-z_]+/g))];

let pages: string[];
beforeAll(async () => {
  const parts = Object.fromEntries(Object.keys(FIGURES).map((name) => [name, 1]));
  const readings = { received: 0, stored: 0, duplicate: 0, rejected: 0, over_quota: 0 };
  const now = new Date();
  const figures = { lastRunAt: now, askedAt: now, readings, databaseBytes: 1, devices: 1, parts };
  pages = namesIn(await renderMetrics({ figures, greeting: { notAfter: now, refusal: undefined } }, 5e8));
});

/** The figures as docs/machine.md lists them: in a row the first name is whole, and of others only what differs at the end. */
const onMachine = new Set(
  [...readFileSync(join(ROOT, 'docs/machine.md'), 'utf8').matchAll(/^\|[^|]*\| (`[a-z_{}]+`[^|]*) \|/gm)].flatMap(
    ([, cell = '']) => {
      const [first = '', ...others] = [...cell.matchAll(/`([a-z_]+)/g)].map(([, name = '']) => name);
      const words = first.split('_');
      const begins = words.map((_, index) => words.slice(0, index + 1).join('_'));
      return [first, ...others.flatMap((end) => begins.map((begin) => begin + end))];
    },
  ),
);
// What Azure is told of, too.
for (const madeOf of Object.values(MONITORED))
  for (const figure of Object.values(madeOf)) onMachine.add(figure.replace(/^mqtt_saas_|\{.*$/g, ''));

it.each(['rules.yml', 'grafana.json'])('%s names metrics that exist', (file) => {
  const unknown = namesIn(files[file]!).filter(
    (name) => !pages.includes(name) && !onMachine.has(name.replace('mqtt_saas_', '')),
  );
  expect(unknown).toEqual([]);
  expect(namesIn(files[file]!).length).toBeGreaterThan(10);
});

it('allows each job that runs less often than every minute its interval', () => {
  const rare = JOBS.filter(({ everyMs }) => everyMs > 60_000).map(({ name, everyMs }) => [name, everyMs / 1000]);
  expect(rare).toEqual(Object.entries(RARE_JOBS_S));
  for (const [job, seconds] of rare) expect(files['rules.yml']).toContain(`{job="${job}"} > 900 + ${seconds}`);
});

it('has a rule for each alert that Prometheus can see, and each leads to its place in the docs', () => {
  const { groups } = parse(files['rules.yml']!) as {
    groups: { rules: Record<string, Record<string, string> & string>[] }[];
  };
  const seen = alerts().flatMap(([name, { prometheus }]) => ('not' in prometheus ? [] : [name]));
  expect(groups[0]?.rules.map(({ alert }) => alert)).toEqual(seen);
  const page = readFileSync(join(ROOT, 'docs/reference/alerts.md'), 'utf8');
  for (const { alert, annotations } of groups[0]!.rules) {
    expect(annotations!.runbook).toBe(`docs/reference/alerts.md#${alert}`);
    expect(page).toContain(`\n### ${alert}\n`);
  }
});

it('leads from each alert to a runbook or a section that says it step by step, but for those that say in a line what to do', () => {
  const without = alerts().flatMap(([name, { toDo }]) =>
    /\]\(\.\.\/(runbooks\/|archive\.md#)/.test(toDo) ? [] : [name],
  );
  // tests/documents.test.ts follows the links of docs/reference/alerts.md, which has the same text.
  expect(without).toEqual([
    'platform-unreachable',
    'machine-needs-person',
    'machine-cpu',
    'machine-credits',
    'machine-memory',
    'system-disk-full',
    'data-disk-full',
    'ingest-silent',
    'ledger-residual',
    'managed-not-routed',
    'managed-undelivered',
    'managed-dropped',
    'managed-throttled',
    'hub-throttled',
    'nsg-changed',
    'maintenance',
    'watchdog',
  ]);
});

it('is made faster only where it counts time', () => {
  const slow = renderRules().split('\n');
  const fast = renderRules(10).split('\n');
  const changed = slow.flatMap((line, index) => (line === fast[index] ? [] : [line.trim()]));
  expect(changed.length).toBeGreaterThan(10);
  for (const line of changed) expect(line).toMatch(/^for: |\[\d+m\]|_seconds(\{[^}]*\})? > \d+/);
});

it('tells the operators when an alert is over, and the watchdog elsewhere', () => {
  const { route, receivers } = parse(files['alertmanager.yml']!) as Record<string, never>;
  expect(route).toMatchObject({
    receiver: 'operators',
    routes: [{ receiver: 'watchdog', matchers: ['alertname="watchdog"'] }],
  });
  expect(receivers).toMatchObject([
    { email_configs: [{ send_resolved: true }], webhook_configs: [{ send_resolved: true }] },
    { webhook_configs: [{ send_resolved: false }] },
  ]);
});
