// The report as a person reads it, in 80 columns.
import { refusalWords } from '../../domain/refusals.ts';
import type { Bill } from '../cost/bill.ts';
import type { Advice } from '../scale/advice.ts';
import type { Facts, TenantUse } from './facts.ts';
import { ago, downSince, jobsOf, megabytes, type Problem, uptimeOf } from './judge.ts';
import type { Outside } from './outside.ts';

/** All that was found. */
export interface Report {
  platform: string;
  /** Such as "day". */
  span: string;
  from: Date;
  to: Date;
  problems: Problem[];
  facts: Facts | undefined;
  outside: Outside | undefined;
  advice: Advice[];
  bill: Bill | undefined;
}

const WIDTH = 80;
const LABEL = 15;
const MOST_SHOWN = 5;

/** Every line has at most 80 characters. */
export function render(report: Report): string {
  const { platform, span, from, to, problems, facts, outside, advice, bill } = report;
  const lines = [`${platform}, the last ${span}, to ${moment(to)} UTC`, ''];
  if (problems.length === 0) lines.push('Nothing needs a person.');
  else lines.push(problems.length === 1 ? '1 thing needs a person:' : `${problems.length} things need a person:`);
  problems.forEach(({ what, page }, index) => {
    lines.push(...wrap(what, `${String(index + 1).padStart(2)}. `, 4), `    docs/${page}`);
  });
  lines.push('');
  const entry = (label: string, text: string) => lines.push(...wrap(text, label.padEnd(LABEL), LABEL));
  if (facts) {
    if (facts.maintenance)
      entry('maintenance', `until ${moment(new Date(facts.maintenance.until))}: ${facts.maintenance.reason}`);
    for (const [label, text] of entriesOf(facts, from)) entry(label, text);
  }
  if (!outside) entry('from outside', 'not looked at: name the platform with --target');
  else if (!(outside.certificate instanceof Error)) {
    entry('certificate', `${outside.certificate.daysLeft} days left`);
  }
  for (const { what, advice: word, why } of advice) entry(what, `${word}: ${why}`);
  if (bill) entry('cost', describeBill(bill));
  if (facts) lines.push('', ...topTenants(facts.uses));
  return lines.map((line) => line.trimEnd()).join('\n');
}

function entriesOf(facts: Facts, from: Date): [label: string, text: string][] {
  const { now, lastRunAt, canaryAt, readings, latencyMs, letters, refusals, rules, figures } = facts;
  const since = (at: Date | null) => (at ? `${ago(now.getTime() - at.getTime())} ago` : 'never');
  const age = (seconds: number | undefined) => since(seconds === undefined ? null : new Date(seconds * 1000));
  return [
    ['uptime', describeUptime(facts, from)],
    ['ingest', `last run ${since(lastRunAt)}; newest canary sent ${since(canaryAt)}`],
    [
      'readings',
      `${count(readings.received)} received, ${count(readings.stored)} stored, ${count(readings.rejected)} in dead letters, ` +
        `${count(readings.overQuota)} over quota`,
    ],
    [
      'lag',
      latencyMs
        ? `readings waited ${duration(latencyMs.average)} on average, ${duration(latencyMs.most)} at most`
        : 'no reading came',
    ],
    [
      'dead letters',
      `${count(letters.kept)} kept (${megabytes(letters.bytes)}), ${count(letters.lost)} beyond a limit`,
    ],
    [
      'refused',
      refusals.map(({ reason, times }) => `${refusalWords(reason)}: ${count(times)}`).join('. ') || 'nothing',
    ],
    ['alert rules', `${count(rules.enabled)}; ${count(rules.failing)} fail, ${count(rules.late)} late`],
    ...(jobsOf(figures).length > 0 ? [['jobs', describeJobs(figures)] as [string, string]] : []),
    ...('questions_month_cap_usd' in figures ? [['AI spend', describeSpend(figures)] as [string, string]] : []),
    [
      'devices',
      `${count(facts.heard)} of ${count(facts.devices)} heard in the last hour${figures.offline_devices === undefined ? '' : `, ${count(figures.offline_devices)} offline`}`,
    ],
    ...('backup_last_success_timestamp_seconds' in figures
      ? [['backup', age(figures.backup_last_success_timestamp_seconds)] as [string, string]]
      : []),
    ...('restore_drill_last_success_timestamp_seconds' in figures
      ? [['restore drill', age(figures.restore_drill_last_success_timestamp_seconds)] as [string, string]]
      : []),
  ];
}

function describeJobs(figures: Facts['figures']): string {
  const jobs = jobsOf(figures).sort(([, a], [, b]) => b - a);
  const [[name, seconds] = ['', 0]] = jobs;
  return `${jobs.length}; the longest without success: ${name}, ${ago(seconds * 1000)}`;
}

function describeSpend(figures: Facts['figures']): string {
  const usd = (name: string) => `${(figures[`questions_month_${name}`] ?? 0).toFixed(2)} USD`;
  return `${usd('usd')} of ${usd('cap_usd')} this month, ${count(figures.questions_month_calls ?? 0)} answers`;
}

function describeUptime(facts: Facts, from: Date): string {
  const uptime = uptimeOf(facts, from);
  if (uptime === undefined || !facts.watchedSince) return 'not known: no canary has come yet';
  const outages = [...facts.outages];
  const down = downSince(facts);
  if (down > 0) outages.push({ from: new Date(facts.now.getTime() - down), to: facts.now });
  const [longest] = outages.sort((a, b) => b.to.getTime() - b.from.getTime() - (a.to.getTime() - a.from.getTime()));
  const watched = facts.watchedSince > from ? `, since ${moment(facts.watchedSince)}` : '';
  // Never rounded up to 100.
  const percent = `${(Math.floor(uptime * 10_000) / 100).toFixed(2)} %${watched}`;
  if (!longest) return percent;
  const length = ago(longest.to.getTime() - longest.from.getTime());
  return `${percent}; ${outages.length === 1 ? '1 outage' : `${outages.length} outages`}, the longest ${length}, from ${moment(longest.from)}`;
}

function describeBill({ usd, budget }: Bill): string {
  const month = `${usd.toFixed(2)} USD a month by list prices`;
  if (budget === undefined) return month;
  return `${month}; the budget of ${budget} ${usd > budget ? 'is too small' : 'covers it'}`;
}

function topTenants(uses: TenantUse[]): string[] {
  const bySize = [...uses].sort((a, b) => b.bytes - a.bytes).slice(0, MOST_SHOWN);
  const shown = [...new Set([...uses.slice(0, MOST_SHOWN), ...bySize])];
  if (shown.length === 0) return ['No tenant sent anything.'];
  const row = (tenant: string, readings: string, bytes: string, letters: string, over: string) =>
    `${tenant.slice(0, 27).padEnd(28)}${readings.padStart(14)}${bytes.padStart(10)}${letters.padStart(14)}${over.padStart(13)}`;
  return [
    row('tenants with most', 'readings', 'bytes', 'dead letters', 'over quota'),
    ...shown.map(({ tenant, received, bytes, rejected, overQuota }) =>
      row(tenant, count(received), megabytes(bytes), count(rejected), count(overQuota)),
    ),
  ];
}

const count = (value: number) => Math.round(value).toLocaleString('en-US');
/** As `ago`, and milliseconds below two seconds. */
const duration = (ms: number) => (ms < 2000 ? `${Math.round(ms)} ms` : ago(ms));
const moment = (at: Date) => at.toISOString().slice(0, 16).replace('T', ' ');

/** Breaks between words; a word that is too long is broken, too. */
function wrap(text: string, first: string, indent: number): string[] {
  const lines: string[] = [];
  let line = first;
  for (const word of text
    .split(/\s+/)
    .flatMap((word) => word.match(new RegExp(`.{1,${WIDTH - indent}}`, 'gu')) ?? [])) {
    const isStart = line.length <= indent || line === first;
    if (!isStart && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = ' '.repeat(indent) + word;
    } else line += isStart ? word : ` ${word}`;
  }
  return [...lines, line];
}
