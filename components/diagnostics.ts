// Which of Azure's own logs are kept, so that it can be looked up afterwards who read a secret or changed a blob.
import { DiagnosticSetting } from '@pulumi/azure-native/monitor/diagnosticSetting.js';
import { ComponentResource, type ComponentResourceOptions, type Input } from '@pulumi/pulumi';

/**
 * The categories that are worth their volume, by resource type. Azure refuses one that the type does not have.
 * Source: Microsoft Learn, "Supported resource logs", one page a type below
 * https://learn.microsoft.com/azure/azure-monitor/reference/supported-logs/
 */
export const LOG_CATEGORIES = {
  'Microsoft.KeyVault/vaults': ['AuditEvent'],
  /** What the host says, also when Application Insights does not hear it: its access is missing, its cap is reached. */
  'Microsoft.Web/sites': ['FunctionAppLogs'],
  'Microsoft.Network/networkSecurityGroups': ['NetworkSecurityGroupEvent', 'NetworkSecurityGroupRuleCounter'],
  /** An account has no logs of its own, only its services have: the id ends with `/blobServices/default`. */
  'Microsoft.Storage/storageAccounts/blobServices': ['StorageRead', 'StorageWrite', 'StorageDelete'],
} as const;

/** Something that logs. */
export interface LogSource {
  /** Required. Its Azure resource type. */
  type: keyof typeof LOG_CATEGORIES;
  /** Required. Its resource id. */
  id: Input<string>;
}

/** Arguments of {@link Diagnostics}. */
export interface DiagnosticsArgs {
  /** Required. Workspace the logs are kept in. */
  workspaceId: Input<string>;
  /** Required. What is logged. The key is its stable name. */
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
