// NET-09: flow logs show which addresses reached the network.
import { at } from '../known.ts';
import { follow } from '../links.ts';
import type { Resource } from '../resource.ts';
import { REQUIRED, type StackRule } from '../rule.ts';
import { FLOW_LOG, VIRTUAL_NETWORK } from '../types.ts';

/** The minimum that CIS requires. 0 days means unlimited (Microsoft Learn, flow log retention). */
const LEAST_DAYS = 90;

function isKept({ props }: Resource): boolean {
  const days = at(props, 'retentionPolicy', 'days');
  const isEnough = typeof days === 'number' && (days === 0 || days >= LEAST_DAYS);
  return props.enabled === true && at(props, 'retentionPolicy', 'enabled') === true && isEnough;
}

export const flowLogs: StackRule = {
  id: 'NET-09',
  name: 'network-flow-logs',
  phase: 2,
  severity: 'medium',
  enforcement: 'advisory',
  demand:
    'Every virtual network has its own flow log, which is enabled and retains its records for at least 90 days or indefinitely.',
  reason:
    'After an incident, nothing else shows which addresses reached the machine. Flow logs of network security groups end on 2027-09-30 and can no longer be created.',
  fix: 'add a network.FlowLog with targetResourceId: the network’s id, enabled: true and retentionPolicy: { enabled: true, days: 90 }',
  sources: [
    'Microsoft Learn, "Virtual network flow logs" (https://learn.microsoft.com/azure/network-watcher/vnet-flow-logs-overview)',
    'CIS Azure Foundations 3.0 7.5, 4.0 8.8',
  ],
  properties: {
    'FlowLog.enabled': REQUIRED,
    'FlowLog.retentionPolicy.days': REQUIRED,
    'FlowLog.retentionPolicy.enabled': REQUIRED,
  },
  checkStack(resources) {
    const logs = resources.filter(({ type }) => type === FLOW_LOG).filter(isKept);
    const logged = logs.flatMap((log) => {
      const link = follow(log, 'targetResourceId', log.props.targetResourceId, VIRTUAL_NETWORK, resources);
      return Array.isArray(link) ? link : [];
    });
    return resources
      .filter((resource) => resource.type === VIRTUAL_NETWORK && !logged.includes(resource))
      .map(({ urn, name }) => ({
        urn,
        message: `"${name}" has no enabled flow log with a known retention of at least 90 days.`,
      }));
  },
};
