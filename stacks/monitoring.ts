// Monitoring of an environment: Azure's logs, the alerts and the budget.
import { type Input, interpolate, type Output } from '@pulumi/pulumi';
import { Alerts } from '../components/alerts.ts';
import { Budget } from '../components/budget.ts';
import { Diagnostics } from '../components/diagnostics.ts';
import { functionAppUrl } from '../components/function-app.ts';
import type { LogWorkspace } from '../components/log-workspace.ts';
import { Operators } from '../components/operators.ts';
import { OutsideTest } from '../components/outside-test.ts';
import type { Placement } from '../components/placement.ts';
import { Workbook } from '../components/workbook.ts';
import { ALERTS } from '../provisioning/monitoring/alerts.ts';
import type { StackConfig } from './configuration/parse.ts';
import type { Managed } from './profiles/managed/managed.ts';
import { logAlerts, metricAlerts, operationAlerts } from './tables/alerts.ts';
import { workbookContent } from './tables/workbook.ts';

/** The monitored parts. */
export interface MonitoringArgs {
  config: StackConfig;
  subscriptionId: Input<string>;
  placement: Placement;
  logs: LogWorkspace;
  /** The broker machine. */
  machine: { id: Input<string> };
  network: { securityGroupId: Input<string> };
  vault: { vaultId: Input<string> };
  functionApp: { appId: Input<string> };
  storage: { accountId: Output<string> };
  bundles: { accountId: Output<string> };
  backups: { accountId: Output<string> } | undefined;
  archive: { accountId: Output<string> } | undefined;
  managed: Managed | undefined;
}

/** Makes everything that informs operators about the environment. */
export function monitor(args: MonitoringArgs): void {
  const {
    config,
    subscriptionId,
    placement,
    logs,
    machine,
    network,
    vault,
    functionApp,
    storage,
    bundles,
    backups,
    archive,
    managed,
  } = args;
  const blobs = ({ accountId }: { accountId: Output<string> }) => ({
    type: 'Microsoft.Storage/storageAccounts/blobServices' as const,
    id: interpolate`${accountId}/blobServices/default`,
  });
  new Diagnostics('diagnostics', {
    workspaceId: logs.workspaceId,
    sources: {
      vault: { type: 'Microsoft.KeyVault/vaults', id: vault.vaultId },
      functions: { type: 'Microsoft.Web/sites', id: functionApp.appId },
      network: { type: 'Microsoft.Network/networkSecurityGroups', id: network.securityGroupId },
      storage: blobs(storage),
      bundles: blobs(bundles),
      ...(backups && { backups: blobs(backups) }),
      ...(archive && { archive: blobs(archive) }),
      ...(managed && {
        mqtt: { type: 'Microsoft.EventGrid/namespaces', id: managed.mqtt.namespaceId },
        hub: { type: 'Microsoft.EventHub/namespaces', id: managed.hub.namespaceId },
        undelivered: blobs(managed.undelivered),
      }),
    },
  });

  const operators = new Operators('operators', { ...config, placement });
  const watched = {
    machine: machine.id,
    managed: managed && {
      'Microsoft.EventGrid/namespaces': managed.mqtt.namespaceId,
      'Microsoft.EventHub/namespaces': managed.hub.namespaceId,
    },
    insights: logs.insightsId,
    group: placement.resourceGroupId,
  };
  new Alerts('alerts', {
    placement,
    operators,
    metrics: metricAlerts(watched, config.machineAlerts),
    logs: logAlerts(watched, { databaseBytes: config.databaseLimitMb * 1e6 }),
    logMinutes: Number(config.logAlertMinutes),
    operations: operationAlerts(watched),
  });
  if (config.webTestMinutes !== 'off') {
    new OutsideTest('outside-test', {
      placement,
      operators,
      insightsId: interpolate`/subscriptions/${subscriptionId}/resourceGroups/${placement.names.own('rg')}/providers/Microsoft.Insights/components/${placement.names.own('appi')}`,
      url: `${functionAppUrl(placement.names)}/api/health`,
      minutes: Number(config.webTestMinutes),
      meaning: ALERTS['platform-unreachable'].meaning,
    });
  }
  new Workbook('workbook', {
    placement,
    title: `MQTT platform (${config.environment})`,
    insightsId: logs.insightsId,
    content: workbookContent(placement.names, subscriptionId),
  });
  new Budget('budget', { ...config, placement, operators });
}
