// The table of all alerts: what is watched, and what each alert means. docs/monitoring.md says what to do about each.
import type { Input } from '@pulumi/pulumi';
import type { LogWatch, MetricWatch, OperationWatch } from '../../components/alerts.ts';
import { METRICS } from '../../components/metrics.ts';

/** Azure resource ids of what is watched. */
export interface Watched {
  /** The broker machine. */
  machine: Input<string>;
  /** Application Insights, which holds the functions' log. */
  insights: Input<string>;
  /** The environment's resource group, with its security groups. */
  group: Input<string>;
}

/** The alerts on metrics: all of the machine, as Azure measures it from outside. */
export function metricAlerts({ machine: of }: Watched): Record<string, MetricWatch> {
  return {
    'machine-down': {
      meaning: 'The broker machine was not running for five minutes. Devices cannot connect.',
      of,
      severity: 0,
      metric: METRICS.machineAvailable,
      // The best minute of the window: a restart for an update takes one or two minutes and must not fire the alert.
      by: 'Maximum',
      operator: 'LessThan',
      threshold: 1,
      window: 5,
    },
    'machine-cpu': {
      meaning: 'The broker machine was busy for a quarter of an hour.',
      of,
      severity: 2,
      metric: METRICS.machineCpu,
      by: 'Average',
      operator: 'GreaterThan',
      threshold: 80,
      window: 15,
    },
    'machine-credits': {
      meaning:
        'The broker machine has nearly used up what it saved for bursts. At zero Azure slows it down to its base, which on the smallest size is a tenth of a vCPU.',
      of,
      severity: 2,
      metric: METRICS.machineCredits,
      by: 'Average',
      operator: 'LessThan',
      threshold: 10,
      window: 15,
    },
    'machine-memory': {
      meaning: 'The broker machine runs out of memory. The queues of clients that are away grow in it.',
      of,
      severity: 1,
      metric: METRICS.machineMemory,
      by: 'Average',
      operator: 'LessThan',
      threshold: 10,
      window: 15,
    },
  };
}

/** The parsed summary line of a run: docs/ingest.md, "The log". */
const RUNS = `traces
| where message has 'mqtt_ingest run'
| extend line = parse_json(message)
| where tostring(line.msg) == 'mqtt_ingest run'`;

/** The alerts on what ingest logs: one line per run, and one run a minute. */
export function logAlerts({ insights: of }: Watched): Record<string, LogWatch> {
  return {
    'ingest-failing': {
      meaning: 'At least 5 of the last 15 runs of ingest failed. What they would have stored waits on the broker.',
      of,
      severity: 2,
      query: `${RUNS} and tostring(line.outcome) in ('failed', 'broker-unavailable', 'broker-lost', 'canary-lost', 'lease-lost')`,
      rows: 5,
      window: 15,
    },
    'ingest-stalled': {
      meaning:
        'No run of ingest succeeded for half an hour, or no log arrives. Messages wait on the broker until its queue is full.',
      of,
      severity: 1,
      // Returns one row even if no line arrived at all.
      query: `${RUNS} and tostring(line.outcome) in ('idle', 'cap', 'time-guard')
| summarize succeeded = count()
| where succeeded == 0`,
      rows: 1,
      window: 30,
    },
    'ledger-residual': {
      meaning:
        'A run received another number of readings than it stored, refused or knew already. That is a fault of the program.',
      of,
      severity: 1,
      query: `${RUNS}
| where tolong(line.received) != tolong(line.stored) + tolong(line.duplicate) + tolong(line.rejected) + tolong(line.overQuota)`,
      rows: 1,
      window: 15,
    },
  };
}

/** The alerts on changes made through Azure's API. */
export function operationAlerts({ group: of }: Watched): Record<string, OperationWatch> {
  const securityGroups = 'Microsoft.Network/networkSecurityGroups';
  return {
    'nsg-changed': {
      meaning: 'Somebody changed or deleted a network security group or one of its rules, or tried to.',
      of,
      // Adding a single rule in the portal is an operation of its own.
      operations: [
        `${securityGroups}/write`,
        `${securityGroups}/delete`,
        `${securityGroups}/securityRules/write`,
        `${securityGroups}/securityRules/delete`,
      ],
    },
  };
}
