// GOV-05: resource logs are kept in one workspace.
import { at, isSet } from '../known.ts';
import { follow } from '../links.ts';
import type { Resource } from '../resource.ts';
import { REQUIRED, SET_IS_ENOUGH, type StackRule } from '../rule.ts';
import {
  DIAGNOSTIC_SETTING,
  EVENT_GRID_NAMESPACE,
  EVENT_HUBS_NAMESPACE,
  SECURITY_GROUP,
  STORAGE_ACCOUNT,
  VAULT,
  WEB_APP,
} from '../types.ts';
import { runsSomething } from './workload.ts';

/** Types with logs to keep: secret access, the app, network security groups, storage access, who was refused at a broker or a stream. */
const RECORDED: readonly string[] = [
  VAULT,
  WEB_APP,
  SECURITY_GROUP,
  STORAGE_ACCOUNT,
  EVENT_GRID_NAMESPACE,
  EVENT_HUBS_NAMESPACE,
];

/** True when the setting sends a log or metric to a workspace; the workspace's id need not be known. */
function isSending({ props }: Resource): boolean {
  const entries = [props.logs, props.metrics].flatMap((list) => (Array.isArray(list) ? list : []));
  return isSet(props.workspaceId) && entries.some((entry) => at(entry, 'enabled') === true);
}

export const diagnostics: StackRule = {
  id: 'GOV-05',
  name: 'governance-diagnostics',
  phase: 1,
  severity: 'medium',
  enforcement: 'mandatory',
  demand:
    'In a stack with a machine, a plan or an app, every vault, app, network security group, storage account, Event Grid namespace and Event Hubs namespace has a diagnostic setting that sends a log or metric to a workspace. Ids need not be known during preview.',
  reason: 'Without these logs, nobody can find out later who read a secret or changed a rule.',
  fix: 'add a monitor.DiagnosticSetting with resourceUri: the resource’s id (for storage: id + "/blobServices/default"), workspaceId and logs [{ categoryGroup: "allLogs", enabled: true }]',
  sources: [
    'Microsoft Learn, "Diagnostic settings in Azure Monitor" (https://learn.microsoft.com/azure/azure-monitor/platform/diagnostic-settings)',
    'CIS Azure Foundations 3.0 6.1.4, 4.0 7.1.1.4',
  ],
  properties: {
    'DiagnosticSetting.workspaceId': SET_IS_ENOUGH,
    'DiagnosticSetting.logs': REQUIRED,
  },
  checkStack(resources) {
    if (!runsSomething(resources)) return [];
    const settings = resources.filter((resource) => resource.type === DIAGNOSTIC_SETTING && isSending(resource));
    const recorded = settings.flatMap((setting) =>
      RECORDED.flatMap((type) => {
        const link = follow(setting, 'resourceUri', setting.props.resourceUri, type, resources);
        return Array.isArray(link) ? link : [];
      }),
    );
    return resources
      .filter((resource) => RECORDED.includes(resource.type) && !recorded.includes(resource))
      .map(({ urn, name }) => ({
        urn,
        message: `"${name}" has no diagnostic setting that sends its logs to a workspace.`,
      }));
  },
};
