// The logic of each rule, judged by Prometheus' own tools: `promtool test rules` fires it, and leaves it quiet just before.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type AlertName, alerts } from '../../provisioning/monitoring/alerts.ts';
import { monitoringFiles } from '../../provisioning/monitoring/files.ts';

/** What fires an alert, and what comes close: values of the named series, a minute apart, as promtool writes them. */
interface Case {
  fires: Record<string, string>;
  quiet: Record<string, string>;
  /** Minutes after which what fires is looked at, and what is quiet unless `quietAt` says otherwise. Default: 31, longer than any `for`. */
  at?: number;
  quietAt?: number;
}

/** One value. */
const steady = (value: number, minutes = 50) => `${value}x${minutes}`;
const gauge = (name: string, fires: number, quiet: number): Case => ({
  fires: { [name]: steady(fires) },
  quiet: { [name]: steady(quiet) },
});

const CASES: Partial<Record<AlertName, Case>> = {
  'platform-unreachable': gauge('up{job="mqtt-saas"}', 0, 1),
  'database-down': gauge('mqtt_saas_db_up', 0, 1),
  'broker-down': gauge('mqtt_saas_mqtt_up', 0, 1),
  'broker-flapping': {
    fires: { mqtt_saas_mqtt_up: '1 0 1 1 0 1 1 0 1 1x60' },
    quiet: { mqtt_saas_mqtt_up: '1 0 1 1 0 1 1 1x60' },
  },
  'machine-down': {
    fires: { 'node_textfile_mtime_seconds{job="mqtt-saas-machine", file="mqtt-saas.prom"}': '0+60x20 1200x40' },
    quiet: { 'node_textfile_mtime_seconds{job="mqtt-saas-machine", file="mqtt-saas.prom"}': '0+60x60' },
  },
  'machine-needs-person': gauge('mqtt_saas_watch_needs_person', 1, 0),
  'system-disk-full': gauge('mqtt_saas_watch_system_disk_free_bytes', 1e9, 1.2e9),
  'data-disk-full': gauge('mqtt_saas_watch_data_disk_free_bytes', 1e9, 1.2e9),
  'queue-filling': {
    fires: { mqtt_saas_broker_queue_messages: steady(76), mqtt_saas_broker_queue_most_messages: steady(100) },
    quiet: { mqtt_saas_broker_queue_messages: steady(75), mqtt_saas_broker_queue_most_messages: steady(100) },
  },
  'queue-bytes-filling': {
    fires: { mqtt_saas_broker_queue_bytes: steady(76), mqtt_saas_broker_queue_most_bytes: steady(100) },
    quiet: { mqtt_saas_broker_queue_bytes: steady(75), mqtt_saas_broker_queue_most_bytes: steady(100) },
  },
  'timers-stopped': gauge('mqtt_saas_registry_timer_age_seconds{name="every_minute"}', 181, 179),
  'ingest-stalled': gauge('mqtt_saas_ingest_last_run_age_seconds', 181, 179),
  'ingest-lagging': gauge('mqtt_saas_ingest_lag_seconds', 181, 179),
  'functions-failing': {
    fires: { 'mqtt_saas_job_last_success_age_seconds{job="control"}': steady(901) },
    // The hourly one may be that old.
    quiet: { 'mqtt_saas_job_last_success_age_seconds{job="maintain"}': steady(4400) },
  },
  'ledger-residual': {
    fires: { mqtt_saas_readings_residual: '0x25 3x20' },
    // A difference that was told of does not go on.
    quiet: { mqtt_saas_readings_residual: steady(3) },
  },
  'control-stalled': gauge('mqtt_saas_control_loop_ok', 0, 1),
  'notifications-waiting': gauge('mqtt_saas_notifications_oldest_waiting_seconds', 601, 599),
  'devices-offline': {
    fires: { mqtt_saas_offline_devices: steady(21), mqtt_saas_devices: steady(100) },
    quiet: { mqtt_saas_offline_devices: steady(0), mqtt_saas_devices: steady(0) },
  },
  'connections-refused': {
    fires: { mqtt_saas_refusals_total: '0+360x60' },
    quiet: { mqtt_saas_refusals_total: '0+240x60' },
  },
  'letters-growing': {
    fires: { mqtt_saas_dead_letters: '0+2x120' },
    quiet: { mqtt_saas_dead_letters: '0+1x120' },
    at: 90,
  },
  'database-full': {
    // 1 MB a minute: a gigabyte is full within a day.
    fires: {
      mqtt_saas_database_size_bytes: '400000000+1000000x1600',
      mqtt_saas_database_limit_bytes: steady(3e9, 1600),
    },
    at: 1470,
    // The first hour of a platform on Supabase's free plan: its migrations, then little.
    quiet: {
      mqtt_saas_database_size_bytes: '12000000+1000000x10 22000000+700x400',
      mqtt_saas_database_limit_bytes: steady(5e8, 400),
    },
    quietAt: 31,
  },
  'backup-old': {
    // promtool's time begins at 0: the backup was made 1,561 minutes before.
    fires: { mqtt_saas_backup_last_success_timestamp_seconds: steady(0, 1600) },
    quiet: { mqtt_saas_backup_last_success_timestamp_seconds: steady(120, 1600) },
    at: 1561,
  },
  'broker-backup-old': {
    fires: { mqtt_saas_broker_backup_timestamp_seconds: steady(0, 1600) },
    quiet: { mqtt_saas_broker_backup_timestamp_seconds: steady(120, 1600) },
    at: 1561,
  },
  'archive-behind': gauge('mqtt_saas_archive_waiting_seconds', 51 * 3600, 49 * 3600),
  maintenance: gauge('mqtt_saas_maintenance', 1, 0),
  'certificate-ending': gauge('mqtt_saas_certificate_not_after_seconds', 13.9 * 86_400, 14.1 * 86_400),
};

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'mqtt-saas-'));
  for (const [name, text] of Object.entries(monitoringFiles())) writeFileSync(join(dir, name), text);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const run = (program: string, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: dir, encoding: 'utf8' });
  return { status, said: stdout + stderr };
};

it('promtool and amtool accept the files', () => {
  expect(run('promtool', 'check', 'rules', 'rules.yml')).toMatchObject({ status: 0 });
  expect(run('amtool', 'check-config', 'alertmanager.yml')).toMatchObject({ status: 0 });
});

const inPrometheus = alerts().filter(([name, { prometheus }]) => !('not' in prometheus) && name !== 'watchdog');

it('every alert that Prometheus can see has a case', () => {
  expect(Object.keys(CASES).sort()).toEqual(inPrometheus.map(([name]) => name).sort());
});

/** A test file of promtool: what fires must, and what comes close must not. */
function unitTests(of = inPrometheus): string {
  const tests = of.flatMap(([name, { minutes }]) => {
    const { fires, quiet, at = 31, quietAt = at } = CASES[name] as Case;
    const series = (named: Record<string, string>) =>
      Object.entries(named).map(([each, values]) => ({ series: each, values }));
    const look = (of: Record<string, string>, time: number, expected: boolean) => ({
      interval: '1m',
      input_series: series(of),
      promql_expr_test: [
        {
          expr: `count(ALERTS{alertname="${name}", alertstate="firing"}) or vector(0)`,
          eval_time: `${time + minutes}m`,
          exp_samples: [{ labels: '{}', value: expected ? 1 : 0 }],
        },
      ],
    });
    return [look(fires, at, true), look(quiet, quietAt, false)];
  });
  return stringify({ rule_files: ['rules.yml'], evaluation_interval: '1m', tests });
}

it('fires each where it must, and no sooner', () => {
  writeFileSync(join(dir, 'unit.yml'), unitTests());
  const { status, said } = run('promtool', 'test', 'rules', 'unit.yml');
  expect(said).not.toContain('FAILED');
  expect(status).toBe(0);
});

it('and promtool notices an alert that does not fire', () => {
  writeFileSync(join(dir, 'bad.yml'), unitTests(inPrometheus.slice(0, 1)).replaceAll('value: 1\n', 'value: 0\n'));
  expect(run('promtool', 'test', 'rules', 'bad.yml').status).not.toBe(0);
});
