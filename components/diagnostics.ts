// Which of Azure's own logs are kept: they show who read a secret or changed a blob.
import { DiagnosticSetting } from '@pulumi/azure-native/monitor/diagnosticSetting.js';
import { ComponentResource, type ComponentResourceOptions, type Input } from '@pulumi/pulumi';

/**
 * The log categories worth their volume, by resource type. Azure refuses a category that the type does not have.
 * Source: Microsoft Learn, "Supported resource logs", one page for each type below
 * https://learn.microsoft.com/azure/azure-monitor/reference/supported-logs/
 */
export const LOG_CATEGORIES = {
  'Microsoft.KeyVault/vaults': ['AuditEvent'],
  /** The host's own log. It also says why Application Insights gets nothing: no access, or the cap is reached. */
  'Microsoft.Web/sites': ['FunctionAppLogs'],
  'Microsoft.Network/networkSecurityGroups': ['NetworkSecurityGroupEvent', 'NetworkSecurityGroupRuleCounter'],
  /** Who could not connect, publish or subscribe, and why; not each success, which is a line a connection. */
  'Microsoft.EventGrid/namespaces': [
    'FailedMqttConnections',
    'FailedMqttPublishedMessages',
    'FailedMqttSubscriptionOperations',
  ],
  /** Who changed a hub, and who was refused by its network. */
  'Microsoft.EventHub/namespaces': ['EventHubVNetConnectionEvent', 'OperationalLogs'],
  /** Not an account but its services have logs: the id ends with `/blobServices/default`. */
  'Microsoft.Storage/storageAccounts/blobServices': ['StorageRead', 'StorageWrite', 'StorageDelete'],
} as const;

/** A resource with logs. */
export interface LogSource {
  /** Required. Its Azure resource type. */
  type: keyof typeof LOG_CATEGORIES;
  /** Required. Its resource id. */
  id: Input<string>;
}

/** Arguments of {@link Diagnostics}. */
export interface DiagnosticsArgs {
  /** Required. Workspace that keeps the logs. */
  workspaceId: Input<string>;
  /** Required. The resources. Each key is the setting's stable name. */
  sources: Record<string, LogSource>;
}

/** Diagnostic settings. */
export class Diagnostics extends ComponentResource {
  constructor(name: string, { workspaceId, sources }: DiagnosticsArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:Diagnostics', name, {}, options);
    for (const [key, { type, id }] of Object.entries(sources)) {
      new DiagnosticSetting(
        `${name}-${key}`,
        {
          name: 'to-workspace',
          resourceUri: id,
          workspaceId,
          logs: LOG_CATEGORIES[type].map((category) => ({ category, enabled: true })),
        },
        { parent: this },
      );
    }
    this.registerOutputs();
  }
}
