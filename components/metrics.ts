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
export type Aggregation = 'Average' | 'Minimum' | 'Maximum';

const MACHINE = 'Microsoft.Compute/virtualMachines';

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

/** What the machine sends every minute. */
export const machineMetric = (name: keyof typeof MONITORED): Metric => ({
  namespace: METRIC_NAMESPACE,
  name,
  aggregations: ['Average', 'Minimum', 'Maximum'],
  isCustom: true,
});
