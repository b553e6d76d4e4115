// The metrics that alerts may use, spelled as Azure spells them: an alert with an unknown name deploys and never fires. And those that the
// machine sends itself.
import { METRIC_NAMESPACE, type MONITORED } from '../provisioning/machine/bundle/monitored.ts';

/** A metric of a resource type. */
export interface Metric {
  /** The resource type, which is also the metric's namespace. */
  namespace: string;
  /** "Name in REST API". */
  name: string;
  /** The aggregations that the metric supports; others return nothing. */
  aggregations: readonly Aggregation[];
  /** Sent by the machine's own programs. */
  isCustom?: true;
}

/** How the values of a window are aggregated. */
export type Aggregation = 'Average' | 'Minimum' | 'Maximum' | 'Total';

const MACHINE = 'Microsoft.Compute/virtualMachines';
const EVENT_GRID = 'Microsoft.EventGrid/namespaces';

/**
 * Measured by the host, every minute, without an agent on the machine and free of charge. Source: Microsoft Learn,
 * "Supported metrics for Microsoft.Compute/virtualMachines" (of 2026-07-31),
 * https://learn.microsoft.com/azure/azure-monitor/reference/supported-metrics/microsoft-compute-virtualmachines-metrics
 */
export const METRICS = {
  /** 1 while the machine runs, 0 while it does not; no value once it is deallocated. */
  machineAvailable: {
    namespace: MACHINE,
    name: 'VmAvailabilityMetric',
    aggregations: ['Average', 'Minimum', 'Maximum'],
  },
  /** Percent of all its vCPUs. */
  machineCpu: { namespace: MACHINE, name: 'Percentage CPU', aggregations: ['Average'] },
  /** Minutes at full speed of one vCPU that a burstable machine has saved up. Only the B series has it, and so has every allowed size. */
  machineCredits: { namespace: MACHINE, name: 'CPU Credits Remaining', aggregations: ['Average'] },
  /** Percent of its memory. */
  machineMemory: { namespace: MACHINE, name: 'Available Memory Percentage', aggregations: ['Average'] },
} as const satisfies Record<string, Metric>;

/**
 * Of the managed profile, free of charge. Source: Microsoft Learn, "Supported metrics for Microsoft.EventGrid/namespaces" (of 2026-07-13) and
 * "... Microsoft.EventHub/Namespaces", https://learn.microsoft.com/azure/azure-monitor/reference/supported-metrics/
 */
export const MANAGED_METRICS = {
  /** Messages that a device was acknowledged for and that did not reach the namespace's topic. */
  notRouted: { namespace: EVENT_GRID, name: 'Mqtt.FailedRoutedMessages', aggregations: ['Total'] },
  /** Messages that could not be delivered to the hub, and lie in storage. */
  undelivered: { namespace: EVENT_GRID, name: 'DeadLetteredCount', aggregations: ['Total'] },
  /** Messages that could not even be put there. */
  dropped: { namespace: EVENT_GRID, name: 'DroppedEventCount', aggregations: ['Total'] },
  /** Requests beyond what its throughput units allow. */
  mqttThrottled: { namespace: EVENT_GRID, name: 'Mqtt.ThrottlingEnforcements', aggregations: ['Total'] },
  /** As above, of the hub. */
  hubThrottled: { namespace: 'Microsoft.EventHub/namespaces', name: 'ThrottledRequests', aggregations: ['Total'] },
} as const satisfies Record<string, Metric>;

/** What the machine sends every minute. */
export const machineMetric = (name: keyof typeof MONITORED): Metric => ({
  namespace: METRIC_NAMESPACE,
  name,
  aggregations: ['Average', 'Minimum', 'Maximum'],
  isCustom: true,
});
