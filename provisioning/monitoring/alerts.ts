// The table of platform alerts: what is watched, from when on it is told, and what to do. Azure's rules (stacks/tables/alerts.ts), the
// files for Prometheus, Alertmanager and Grafana (beside this one) and docs/reference/alerts.md are made from it.
import { HEALTH_LIMITS, RARE_JOBS_S } from '../../domain/health-limits.ts';
import type { MONITORED } from '../machine/bundle/monitored.ts';

/** How urgent: 0 devices or readings are affected, 1 they will be, 2 look at it today, 3 to know. Azure's numbers. */
export type Severity = 0 | 1 | 2 | 3;

/** Not watched there, and why. */
interface Not {
  not: string;
}

/** A comparison with the alert's threshold. */
export type Operator = 'LessThan' | 'GreaterThan';

/** A metric that Azure takes of the machine from outside: a key of components/metrics.ts. */
interface OfAzure {
  metric: 'machineAvailable' | 'machineCpu' | 'machineCredits' | 'machineMemory';
  by: 'Average' | 'Maximum';
  operator: Operator;
}

/** A figure that the machine sends to Azure as a custom metric, where `machineAlerts` is on. */
interface OfMachine {
  machine: keyof typeof MONITORED;
  by: 'Average' | 'Maximum' | 'Minimum';
  operator: Operator;
  /** Where the metric is counted otherwise than the alert's threshold. */
  threshold?: number;
}

/** A metric of the managed profile, where `managed` is on: a key of components/metrics.ts. Their counts are summed over the window. */
interface OfManaged {
  managed: 'notRouted' | 'undelivered' | 'dropped' | 'mqttThrottled' | 'hubThrottled';
  by: 'Total';
  operator: Operator;
}

/** A figure of the lines that the app logs every minute (functions/health/report.ts), over the last `minutes`. */
interface OfLines {
  minutes: number;
  /** KQL: an aggregate of the lines. `figure` gives a line's figure. */
  value: (figure: (name: string) => string, limits: Limits) => string;
  operator: Operator;
}

/** Of the functions' log: a KQL query with a row, and in it a column `value`, for each thing that is wrong. */
interface OfLog {
  query: (threshold: number) => string;
  /** It tells of a log that does not arrive, so it needs a rule of its own. */
  alone?: true;
}

/** What a stack's configuration decides. */
export interface Limits {
  databaseBytes: number;
}

/** A platform alert. Its threshold stands here once, whatever watches it. */
export interface PlatformAlert {
  /** One or two sentences, for the mail. */
  meaning: string;
  /** What to do first, in Markdown; links as from docs/reference/. */
  toDo: string;
  severity: Severity;
  /** How long it must last. Azure looks at the next larger window that it has. */
  minutes: number;
  threshold: number;
  /** What the threshold counts. Seconds are scaled when a test runs the rules faster. */
  unit?: 'seconds';
  /** PromQL. `span` gives a range such as `15m`. */
  prometheus: ((threshold: number, span: (minutes: number) => string) => string) | Not;
  azure:
    | OfAzure
    | OfMachine
    | OfManaged
    | { lines: OfLines }
    | OfLog
    | { webTest: true }
    | { budget: true }
    | { operations: readonly string[] }
    | Not;
}

const SECURITY_GROUPS = 'Microsoft.Network/networkSecurityGroups';
const HOUR_S = 3600;
const DAY_S = 86_400;
const JOB_AGE = 'mqtt_saas_job_last_success_age_seconds';
/** KQL: seconds since 1970. */
const NOW = '(now() - datetime(1970-01-01)) / 1s';
const seconds = (hours: number) => hours * HOUR_S;
const MEASURED = 'Azure measures it from outside. For Prometheus, node exporter on the machine has it';

const ONLY_AZURE = 'only Azure counts them';

const QUEUE_FULL =
  '[Ingest is behind](../runbooks/timers-dead.md#ingest-is-behind). If `ingest-stalled` fires as well, begin with that.';

/** The alerts, by name. */
export const ALERTS = {
  'platform-unreachable': {
    meaning: 'The health page cannot be reached from outside, or says that the platform is not well.',
    toDo: 'Read what the page says: `curl https://FUNCTION_APP.azurewebsites.net/api/health`. It names the part. No answer at all: the Function App; `az functionapp show --query state`, then "What the host says" in [monitoring](../monitoring.md#azures-own-logs).',
    severity: 0,
    minutes: 2,
    threshold: 1,
    prometheus: (threshold) => `up{job="mqtt-saas"} < ${threshold}`,
    azure: { webTest: true },
  },
  'database-down': {
    meaning: 'The database did not answer for two minutes. Readings wait on the broker until its queue is full.',
    toDo: '[Database timeout](../runbooks/database-timeout.md). Nothing is lost while the queue holds (`queueOutageHours`).',
    severity: 0,
    minutes: 2,
    threshold: 1,
    prometheus: (threshold) => `mqtt_saas_db_up < ${threshold}`,
    // The machine's agent reads the registry every second.
    azure: { machine: 'RegistryAgeSeconds', by: 'Minimum', operator: 'GreaterThan', threshold: 120 },
  },
  'broker-down': {
    meaning: 'The broker did not accept a connection for two minutes. Devices cannot send.',
    toDo: '[Broker down](../runbooks/broker-down.md).',
    severity: 0,
    minutes: 2,
    threshold: 1,
    prometheus: (threshold) => `mqtt_saas_mqtt_up < ${threshold}`,
    azure: { machine: 'BrokerUp', by: 'Maximum', operator: 'LessThan' },
  },
  'broker-flapping': {
    meaning: 'The broker was away and came back three times within an hour.',
    toDo: '[Broker down, on the machine](../runbooks/broker-down.md#3-on-the-machine). `journalctl -u mosquitto -u watch-broker --since -1h` says why it ended; the usual cause is memory.',
    severity: 1,
    minutes: 0,
    threshold: 3,
    prometheus: (threshold, span) =>
      `changes(mqtt_saas_mqtt_up[${span(60)}]) / 2 >= ${threshold} or sum without (action) (mqtt_saas_watch_actions_last_hour) >= ${threshold}`,
    azure: { not: '`broker-down` fires each time' },
  },
  'machine-down': {
    meaning:
      'The broker machine was not running, or its figures did not arrive, for five minutes. Then devices cannot connect.',
    toDo: '[Broker down: does the machine run?](../runbooks/broker-down.md#2-does-the-machine-run) Queues and sessions are on its data disk; devices keep trying.',
    severity: 0,
    minutes: 5,
    threshold: 1,
    // The file with its figures is fetched every minute.
    prometheus: (threshold) =>
      `(time() - node_textfile_mtime_seconds{job="mqtt-saas-machine"} < bool 120) < ${threshold}`,
    // The best minute of the window: a restart for an update takes one or two minutes and must not fire the alert.
    azure: { metric: 'machineAvailable', by: 'Maximum', operator: 'LessThan' },
  },
  'machine-needs-person': {
    meaning: 'The broker machine could not help itself and waits for a person.',
    toDo: '`journalctl -t watch-broker | grep "A PERSON IS NEEDED"` on the machine says what to do.',
    severity: 0,
    minutes: 0,
    threshold: 0,
    prometheus: (threshold) => `mqtt_saas_watch_needs_person > ${threshold}`,
    azure: { machine: 'PersonNeeded', by: 'Maximum', operator: 'GreaterThan' },
  },
  'machine-cpu': {
    meaning: 'The broker machine was busy for a quarter of an hour.',
    toDo: 'Who sends: the ledger by tenant ([ingest](../ingest.md#the-ledger)); then a larger `vmSize`.',
    severity: 2,
    minutes: 15,
    threshold: 80,
    prometheus: { not: MEASURED },
    azure: { metric: 'machineCpu', by: 'Average', operator: 'GreaterThan' },
  },
  'machine-credits': {
    meaning:
      'The broker machine has nearly used up what it saved for bursts. At zero Azure slows it down to its base, which on the smallest size is a tenth of a vCPU.',
    toDo: 'As `machine-cpu`. Without this alert nobody sees it: at zero Azure slows the machine down, and the CPU looks idle.',
    severity: 2,
    minutes: 15,
    threshold: 10,
    prometheus: { not: 'only Azure knows the credits' },
    azure: { metric: 'machineCredits', by: 'Average', operator: 'LessThan' },
  },
  'machine-memory': {
    meaning: 'The broker machine runs out of memory. The queues of clients that are away grow in it.',
    toDo: 'Queues of clients that are away: is ingest running? Then `queueOutageHours`, `vmSize`.',
    severity: 1,
    minutes: 15,
    threshold: 10,
    prometheus: { not: MEASURED },
    azure: { metric: 'machineMemory', by: 'Average', operator: 'LessThan' },
  },
  'system-disk-full': {
    meaning: 'The system disk of the broker machine has less than 1 GiB left.',
    toDo: '`journalctl --disk-usage`, `apt-get clean`; what else is bounded there: [machine](../machine.md#figures).',
    severity: 1,
    minutes: 2,
    threshold: 2 ** 30,
    prometheus: (threshold) => `mqtt_saas_watch_system_disk_free_bytes < ${threshold}`,
    azure: { machine: 'SystemDiskFreeBytes', by: 'Maximum', operator: 'LessThan' },
  },
  'data-disk-full': {
    meaning:
      'The data disk of the broker machine has less than 1 GiB left. Without room the broker cannot save its state.',
    toDo: 'Is ingest running? Otherwise raise `dataDiskGb` and deploy: the disk grows while it is in use.',
    severity: 1,
    minutes: 2,
    threshold: 2 ** 30,
    prometheus: (threshold) => `mqtt_saas_watch_data_disk_free_bytes < ${threshold}`,
    azure: { machine: 'DataDiskFreeBytes', by: 'Maximum', operator: 'LessThan' },
  },
  'queue-filling': {
    meaning: 'Three quarters of the places in the queue for ingest are in use. When it is full, devices are refused.',
    toDo: QUEUE_FULL,
    severity: 1,
    minutes: 2,
    threshold: 75,
    prometheus: (threshold) =>
      `100 * mqtt_saas_broker_queue_messages / mqtt_saas_broker_queue_most_messages > ${threshold}`,
    azure: { machine: 'QueueMessagesPercent', by: 'Minimum', operator: 'GreaterThan' },
  },
  'queue-bytes-filling': {
    meaning: 'Three quarters of the bytes of the queue for ingest are in use. When it is full, devices are refused.',
    toDo: QUEUE_FULL,
    severity: 1,
    minutes: 2,
    threshold: 75,
    prometheus: (threshold) => `100 * mqtt_saas_broker_queue_bytes / mqtt_saas_broker_queue_most_bytes > ${threshold}`,
    azure: { machine: 'QueueBytesPercent', by: 'Minimum', operator: 'GreaterThan' },
  },
  'timers-stopped': {
    meaning: 'A timer of the Function App did not run for three minutes, and calling its HTTP twin did not help.',
    toDo: '[Timers dead](../runbooks/timers-dead.md).',
    severity: 1,
    minutes: 2,
    threshold: 180,
    unit: 'seconds',
    prometheus: (threshold) => `mqtt_saas_registry_timer_age_seconds > ${threshold}`,
    azure: { machine: 'EveryMinuteTimerAgeSeconds', by: 'Minimum', operator: 'GreaterThan' },
  },
  'ingest-stalled': {
    meaning: 'No run of ingest held its lease for three minutes. Messages wait on the broker until its queue is full.',
    toDo: '[Timers dead](../runbooks/timers-dead.md). If `functions-failing` fires as well, the runs fail: begin with its error.',
    severity: 1,
    minutes: 1,
    threshold: HEALTH_LIMITS.ingestLateSeconds,
    unit: 'seconds',
    prometheus: (threshold) => `mqtt_saas_ingest_last_run_age_seconds > ${threshold}`,
    azure: {
      lines: {
        minutes: 5,
        value: (figure) => `min(${figure('ingest_last_run_age_seconds')})`,
        operator: 'GreaterThan',
      },
    },
  },
  'ingest-lagging': {
    meaning:
      'The newest message that came through broker, queue and table is older than three minutes: ingest does not keep up, or acknowledged messages do not arrive.',
    toDo: '[Ingest is behind](../runbooks/timers-dead.md#ingest-is-behind).',
    severity: 1,
    minutes: 2,
    threshold: HEALTH_LIMITS.ingestLagSeconds,
    unit: 'seconds',
    prometheus: (threshold) => `mqtt_saas_ingest_lag_seconds > ${threshold}`,
    azure: {
      lines: { minutes: 5, value: (figure) => `min(${figure('ingest_lag_seconds')})`, operator: 'GreaterThan' },
    },
  },
  'ingest-silent': {
    meaning:
      'No run of ingest succeeded for half an hour, or no log arrives: then no other alert on the log can fire. Messages wait on the broker until its queue is full.',
    toDo: 'As `ingest-stalled`. If ingest runs, the log is cut off: the day\'s `logDailyCapGb` is reached ("What fills the log" in [monitoring](../monitoring.md#azures-own-logs)), or the app\'s identity lost the role `Monitoring Metrics Publisher`. Readings are stored anyway. While a worker elsewhere holds the lease, this alert stays on.',
    severity: 1,
    minutes: 30,
    threshold: 1,
    prometheus: { not: 'there, the watchdog shows that alerting works' },
    azure: {
      alone: true,
      query: (threshold) => `traces
| where message has 'mqtt_ingest run'
| extend line = parse_json(message)
| where tostring(line.msg) == 'mqtt_ingest run' and tostring(line.outcome) in ('idle', 'cap', 'time-guard')
| summarize value = count()
| where value < ${threshold}`,
    },
  },
  'functions-failing': {
    meaning: 'A function of the app, or a periodic job, did not succeed for a quarter of an hour.',
    toDo: '[One job does not run](../runbooks/timers-dead.md#one-job-does-not-run). If its error is `broker-unavailable` or `broker-lost`: the broker, or its [certificate](../runbooks/certificates.md). `canary-lost`: [the canary](../ingest.md#the-canary). Others: the database.',
    severity: 2,
    minutes: 0,
    threshold: HEALTH_LIMITS.jobLateSeconds,
    unit: 'seconds',
    // Jobs that run less often than every minute are allowed their interval in addition.
    prometheus: (threshold) =>
      [
        `${JOB_AGE}{job!~"${Object.keys(RARE_JOBS_S).join('|')}"} > ${threshold}`,
        ...Object.entries(RARE_JOBS_S).map(([job, every]) => `${JOB_AGE}{job="${job}"} > ${threshold} + ${every}`),
      ].join(' or '),
    azure: {
      query: (threshold) => `requests
| where timestamp > ago(${threshold}s) and operation_Name != 'health'
| summarize value = countif(tostring(success) =~ 'false'), good = countif(tostring(success) =~ 'true') by operation_Name
| where value >= 3 and good == 0`,
    },
  },
  'ledger-residual': {
    meaning:
      'Another number of readings was received than was stored, refused or known already. That is a fault of the program.',
    toDo: 'Keep the log of that time, open an issue. `public.ingest_residuals` names tenant and minute.',
    severity: 1,
    minutes: 0,
    threshold: 0,
    prometheus: (threshold, span) => `abs(delta(mqtt_saas_readings_residual[${span(15)}])) > ${threshold}`,
    azure: {
      lines: {
        minutes: 30,
        value: (figure) => `max(${figure('readings_residual')}) - min(${figure('readings_residual')})`,
        operator: 'GreaterThan',
      },
    },
  },
  'control-stalled': {
    meaning: 'The control loop did not run for three minutes: commands and desired states wait.',
    toDo: '[Control loop](../runbooks/control-loop.md).',
    severity: 1,
    minutes: 0,
    threshold: 1,
    prometheus: (threshold) => `mqtt_saas_control_loop_ok < ${threshold}`,
    azure: { lines: { minutes: 5, value: (figure) => `max(${figure('control_loop_ok')})`, operator: 'LessThan' } },
  },
  'notifications-waiting': {
    meaning: 'A notification of a tenant has been due for ten minutes: people are not told of their alerts.',
    toDo: '[One job does not run](../runbooks/timers-dead.md#one-job-does-not-run): here the job `notify`. If it runs: one receiver that is away delays only its own notifications, the mail server delays all.',
    severity: 1,
    minutes: 2,
    threshold: 600,
    unit: 'seconds',
    prometheus: (threshold) => `mqtt_saas_notifications_oldest_waiting_seconds > ${threshold}`,
    azure: {
      lines: {
        minutes: 5,
        value: (figure) => `min(${figure('notifications_oldest_waiting_seconds')})`,
        operator: 'GreaterThan',
      },
    },
  },
  'devices-offline': {
    meaning: 'More than a fifth of all devices are offline. On a platform with fewer than five devices, one is enough.',
    toDo: '[Devices are offline](../runbooks/control-loop.md#devices-are-offline). A device that is to stay off: `npm run ops -- device disable TENANT DEVICE` takes it out of the count.',
    severity: 2,
    minutes: 15,
    threshold: 0.2,
    prometheus: (threshold) => `mqtt_saas_offline_devices / (mqtt_saas_devices > 0) > ${threshold}`,
    azure: {
      lines: {
        minutes: 15,
        value: (figure) => `min(${figure('offline_devices')} / max_of(1.0, ${figure('devices')}))`,
        operator: 'GreaterThan',
      },
    },
  },
  'connections-refused': {
    meaning: 'The broker refuses more than 5 connections or messages a second for a quarter of an hour.',
    toDo: '[Tenant abuse: refused](../runbooks/tenant-abuse.md#refused).',
    severity: 2,
    minutes: 0,
    threshold: 5,
    prometheus: (threshold, span) => `rate(mqtt_saas_refusals_total[${span(15)}]) > ${threshold}`,
    azure: {
      lines: {
        minutes: 15,
        value: (figure) => `(max(${figure('refusals_total')}) - min(${figure('refusals_total')})) / 900`,
        operator: 'GreaterThan',
      },
    },
  },
  'letters-growing': {
    meaning: 'More than 100 dead letters were added within an hour.',
    toDo: '[Tenant abuse: dead letters](../runbooks/tenant-abuse.md#dead-letters).',
    severity: 2,
    minutes: 0,
    threshold: 100,
    prometheus: (threshold, span) => `delta(mqtt_saas_dead_letters[${span(60)}]) > ${threshold}`,
    azure: {
      lines: {
        minutes: 60,
        value: (figure) => `max(${figure('dead_letters')}) - min(${figure('dead_letters')})`,
        operator: 'GreaterThan',
      },
    },
  },
  'database-full': {
    meaning:
      'At the growth of the last day, the database is full in less than 14 days. Supabase makes a full one read-only.',
    toDo: '[Data growth](../runbooks/data-growth.md).',
    severity: 1,
    minutes: 30,
    threshold: 14,
    // Of a platform that began today, what it grew by is taken for a whole day's, as in Azure: a slope would tell of its migrations.
    prometheus: (threshold, span) =>
      `(mqtt_saas_database_limit_bytes - mqtt_saas_database_size_bytes) / clamp_min(mqtt_saas_database_size_bytes - min_over_time(mqtt_saas_database_size_bytes[${span(1440)}]), ${DAY_S}) < ${threshold}`,
    azure: {
      lines: {
        minutes: 1440,
        value: (figure, { databaseBytes }) =>
          `(${databaseBytes} - max(${figure('database_size_bytes')})) / max_of(1.0, (max(${figure('database_size_bytes')}) - min(${figure('database_size_bytes')})) / ${DAY_S}) / ${DAY_S}`,
        operator: 'LessThan',
      },
    },
  },
  'backup-old': {
    meaning: 'The last good backup of the database is older than 26 hours.',
    toDo: '[The backup is old](../runbooks/restore.md#the-backup-is-old).',
    severity: 1,
    minutes: 0,
    threshold: seconds(HEALTH_LIMITS.backupHours),
    prometheus: (threshold) => `time() - mqtt_saas_backup_last_success_timestamp_seconds > ${threshold}`,
    azure: {
      lines: {
        minutes: 15,
        value: (figure) => `${NOW} - max(${figure('backup_last_success_timestamp_seconds')})`,
        operator: 'GreaterThan',
      },
    },
  },
  'archive-behind': {
    meaning: 'A day of readings has waited for the archive for more than 50 hours. The database keeps it, and grows.',
    toDo: '[The archive is behind](../archive.md#when-it-is-behind).',
    severity: 2,
    minutes: 0,
    threshold: seconds(HEALTH_LIMITS.archiveHours),
    prometheus: (threshold) => `mqtt_saas_archive_waiting_seconds > ${threshold}`,
    azure: {
      lines: {
        minutes: 15,
        value: (figure) => `max(${figure('archive_waiting_seconds')})`,
        operator: 'GreaterThan',
      },
    },
  },
  'broker-backup-old': {
    meaning: "The last copy of the broker's state in storage is older than 26 hours.",
    toDo: '`journalctl -u backup-state` on the machine; then [broker state](../runbooks/broker-state.md).',
    severity: 1,
    minutes: 0,
    threshold: seconds(HEALTH_LIMITS.backupHours),
    prometheus: (threshold) => `time() - mqtt_saas_broker_backup_timestamp_seconds > ${threshold}`,
    azure: { machine: 'StateCopyAgeSeconds', by: 'Minimum', operator: 'GreaterThan' },
  },
  'managed-not-routed': {
    meaning:
      'The managed broker acknowledged messages that did not reach its topic. They are lost, unless their devices send them again.',
    toDo: 'Which: `FailedMqttPublishedMessages` in the workspace, and the metric `Mqtt.FailedRoutedMessages` by `Error`. Then [managed](../managed.md#when-something-is-wrong).',
    severity: 0,
    minutes: 5,
    threshold: 0,
    prometheus: { not: ONLY_AZURE },
    azure: { managed: 'notRouted', by: 'Total', operator: 'GreaterThan' },
  },
  'managed-undelivered': {
    meaning: 'Messages could not be delivered to the hub, and lie in storage. Nothing brings them back by itself.',
    toDo: '[Managed](../managed.md#when-something-is-wrong): the reason stands in each of them.',
    severity: 0,
    minutes: 5,
    threshold: 0,
    prometheus: { not: ONLY_AZURE },
    azure: { managed: 'undelivered', by: 'Total', operator: 'GreaterThan' },
  },
  'managed-dropped': {
    meaning: 'Messages could be delivered neither to the hub nor to storage. They are lost.',
    toDo: '[Managed](../managed.md#when-something-is-wrong): the identity has lost a role.',
    severity: 0,
    minutes: 5,
    threshold: 0,
    prometheus: { not: ONLY_AZURE },
    azure: { managed: 'dropped', by: 'Total', operator: 'GreaterThan' },
  },
  'managed-throttled': {
    meaning:
      'The managed broker refused more than a hundred requests in a quarter of an hour: devices ask for more than it may.',
    toDo: '`ThrottleType` of the metric `Mqtt.ThrottlingEnforcements` says what was too much. Then a larger `managedThroughputUnits`.',
    severity: 1,
    minutes: 15,
    threshold: 100,
    prometheus: { not: ONLY_AZURE },
    azure: { managed: 'mqttThrottled', by: 'Total', operator: 'GreaterThan' },
  },
  'hub-throttled': {
    meaning:
      'The hub refused more than a hundred requests in a quarter of an hour. Event Grid tries each message ten times.',
    toDo: 'It has twice `managedThroughputUnits` at most: set a larger number.',
    severity: 1,
    minutes: 15,
    threshold: 100,
    prometheus: { not: ONLY_AZURE },
    azure: { managed: 'hubThrottled', by: 'Total', operator: 'GreaterThan' },
  },
  'certificate-ending': {
    meaning: "The broker's certificate ends in less than 14 days. It should have been replaced 30 days before its end.",
    toDo: '`npm run ops -- certificate status`, then [certificates](../runbooks/certificates.md).',
    severity: 1,
    minutes: 0,
    threshold: HEALTH_LIMITS.certificateDays,
    prometheus: (threshold) => `(mqtt_saas_certificate_not_after_seconds - time()) / ${DAY_S} < ${threshold}`,
    azure: { machine: 'CertificateDaysLeft', by: 'Maximum', operator: 'LessThan' },
  },
  cost: {
    meaning:
      "50, 80 or 100 % of `monthlyBudget` are spent, or the month's forecast reaches it. It stops nothing; Azure's numbers are up to a day old.",
    toDo: '[Cost spike](../runbooks/cost-spike.md).',
    severity: 2,
    minutes: 0,
    threshold: 50,
    prometheus: { not: 'only Azure knows its bill' },
    azure: { budget: true },
  },
  'nsg-changed': {
    meaning: 'Somebody changed or deleted a network security group or one of its rules, or tried to.',
    toDo: 'Who: `az monitor activity-log list --resource-group rg-mqtt-saas-dev --offset 1d`. A deployment that changed a rule is one; anything else is not: `pulumi up` restores it.',
    severity: 2,
    minutes: 0,
    threshold: 0,
    prometheus: { not: 'Azure writes it into its activity log' },
    azure: {
      // Adding a single rule in the portal is an operation of its own.
      operations: [
        `${SECURITY_GROUPS}/write`,
        `${SECURITY_GROUPS}/delete`,
        `${SECURITY_GROUPS}/securityRules/write`,
        `${SECURITY_GROUPS}/securityRules/delete`,
      ],
    },
  },
  maintenance: {
    meaning: 'Maintenance is on: until it ends, no other alert is sent.',
    toDo: '`npm run ops -- maintenance off` ends it; it ends by itself, too.',
    severity: 3,
    minutes: 0,
    threshold: 0,
    // Also while the database is away, which may be the reason for the maintenance.
    prometheus: (threshold, span) => `last_over_time(mqtt_saas_maintenance[${span(60)}]) > ${threshold}`,
    azure: {
      not: 'the rule `platform` has no rows meanwhile; for the others, suppress notifications with an alert processing rule in the portal',
    },
  },
  watchdog: {
    meaning: 'Always on, so that its absence is noticed: while it arrives outside, Prometheus and Alertmanager work.',
    toDo: 'Nothing while it is on. When the receiver outside says that it stopped: start Prometheus and Alertmanager again, on their machine.',
    severity: 3,
    minutes: 0,
    threshold: 1,
    prometheus: (threshold) => `vector(${threshold})`,
    azure: { not: '`ingest-silent` fires when no log arrives' },
  },
} as const satisfies Record<string, PlatformAlert>;

/** An alert's name. */
export type AlertName = keyof typeof ALERTS;

/** All of them, each with its name. */
export const alerts = (): [AlertName, PlatformAlert][] => Object.entries(ALERTS) as [AlertName, PlatformAlert][];

/** Words for a severity, as labels of Prometheus have them. */
export const SEVERITIES = ['critical', 'error', 'warning', 'info'] as const satisfies readonly string[];
