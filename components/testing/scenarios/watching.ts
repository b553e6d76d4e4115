// Scenarios of logs, alerts and notifications.
import { interpolate } from '@pulumi/pulumi';
import { Alerts } from '../../alerts.ts';
import { Budget } from '../../budget.ts';
import { Diagnostics } from '../../diagnostics.ts';
import { LogWorkspace } from '../../log-workspace.ts';
import { METRICS } from '../../metrics.ts';
import { Operators } from '../../operators.ts';
import { OutsideTest } from '../../outside-test.ts';
import { Workbook } from '../../workbook.ts';
import type { Scenarios, World } from './scenario.ts';

export const logs: Scenarios<LogWorkspace> = {
  defaults: ({ name, placement }) =>
    new LogWorkspace(name('logs'), { placement, logRetentionDays: 30, logDailyCapGb: 0.15 }),
  max: ({ name, placement }) =>
    new LogWorkspace(name('logs'), { placement, logRetentionDays: 730, logDailyCapGb: 100 }),
  hardened: ({ name, placement }) =>
    new LogWorkspace(name('logs'), { placement, logRetentionDays: 90, logDailyCapGb: 1 }, { protect: true }),
};

export const operators: Scenarios<Operators> = {
  defaults: ({ name, placement }) =>
    new Operators(name('operators'), { placement, alertEmails: ['platform@example.com'] }),
  max: ({ name, placement }) =>
    new Operators(name('operators'), {
      placement,
      alertEmails: ['platform@example.com', 'night@example.com', 'security@example.com'],
    }),
  hardened: ({ name, placement }) =>
    new Operators(name('operators'), { placement, alertEmails: ['platform@example.com', 'night@example.com'] }),
};

/** An alert of each kind. */
const oneOfEach = ({ broker: { machine }, logs, placement }: World) => ({
  metrics: {
    'machine-down': {
      meaning: 'The broker machine was not running for five minutes.',
      of: machine.id,
      severity: 0 as const,
      metric: METRICS.machineAvailable,
      by: 'Maximum' as const,
      operator: 'LessThan' as const,
      threshold: 1,
      window: 5 as const,
    },
  },
  logs: {
    'ingest-failing': {
      meaning: 'At least 5 of the last 15 runs of ingest failed.',
      of: logs.insightsId,
      severity: 2 as const,
      query: 'traces | where message has "failed"',
      rows: 5,
      window: 15 as const,
    },
  },
  logMinutes: 5,
  operations: {
    'nsg-changed': {
      meaning: 'Somebody changed a network security group.',
      of: placement.resourceGroupId,
      operations: [
        'Microsoft.Network/networkSecurityGroups/write',
        'Microsoft.Network/networkSecurityGroups/delete',
        'Microsoft.Network/networkSecurityGroups/securityRules/write',
        'Microsoft.Network/networkSecurityGroups/securityRules/delete',
      ],
    },
  },
});

export const alerts: Scenarios<Alerts> = {
  defaults: ({ name, placement, operators }) =>
    new Alerts(name('alerts'), { placement, operators, metrics: {}, logs: {}, logMinutes: 15, operations: {} }),
  max: (world) =>
    new Alerts(world.name('alerts'), { placement: world.placement, operators: world.operators, ...oneOfEach(world) }),
  hardened: (world) =>
    new Alerts(world.name('alerts'), { placement: world.placement, operators: world.operators, ...oneOfEach(world) }),
};

export const budget: Scenarios<Budget> = {
  defaults: ({ name, placement, operators }) => new Budget(name('budget'), { placement, operators, monthlyBudget: 40 }),
  max: ({ name, placement, operators }) => new Budget(name('budget'), { placement, operators, monthlyBudget: 200 }),
  hardened: ({ name, placement, operators }) => new Budget(name('budget'), { placement, operators, monthlyBudget: 20 }),
};

const outside = ({ placement, operators }: World) => ({
  placement,
  operators,
  insightsId: `/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/${placement.names.own('rg')}/providers/Microsoft.Insights/components/${placement.names.own('appi')}`,
  url: 'https://func-example.azurewebsites.net/api/health',
  meaning: 'The health page cannot be reached.',
});

export const outsideTest: Scenarios<OutsideTest> = {
  defaults: (world) => new OutsideTest(world.name('outside-test'), { ...outside(world), minutes: 15 }),
  max: (world) => new OutsideTest(world.name('outside-test'), { ...outside(world), minutes: 5 }),
  hardened: (world) => new OutsideTest(world.name('outside-test'), { ...outside(world), minutes: 5 }),
};

export const workbook: Scenarios<Workbook> = {
  defaults: ({ name, placement, logs: { insightsId } }) =>
    new Workbook(name('workbook'), { placement, title: 'Empty', insightsId, content: '{"items":[]}' }),
  max: ({ name, placement, logs: { insightsId } }) =>
    new Workbook(name('workbook'), {
      placement,
      title: 'With a text',
      insightsId,
      content: JSON.stringify({ version: 'Notebook/1.0', items: [{ type: 1, content: { json: '# Readings' } }] }),
    }),
  hardened: ({ name, placement, logs: { insightsId } }) =>
    new Workbook(
      name('workbook'),
      { placement, title: 'Kept', insightsId, content: '{"items":[]}' },
      { protect: true },
    ),
};

export const diagnostics: Scenarios<Diagnostics> = {
  defaults: ({ name, logs: { workspaceId }, vault }) =>
    new Diagnostics(name('diagnostics'), {
      workspaceId,
      sources: { vault: { type: 'Microsoft.KeyVault/vaults', id: vault.vaultId } },
    }),
  max: (world) => new Diagnostics(world.name('diagnostics'), everySource(world)),
  hardened: (world) => new Diagnostics(world.name('diagnostics'), everySource(world)),
};

/** The resources with logs in an environment. An account's blobs have logs, the account has none. */
const everySource = ({
  logs: { workspaceId },
  vault,
  functionApp,
  network,
  storage,
  bundles,
  backups,
  mqtt,
  hub,
  undelivered,
}: World) => ({
  workspaceId,
  sources: {
    vault: { type: 'Microsoft.KeyVault/vaults', id: vault.vaultId },
    functions: { type: 'Microsoft.Web/sites', id: functionApp.appId },
    network: { type: 'Microsoft.Network/networkSecurityGroups', id: network.securityGroupId },
    storage: { type: 'Microsoft.Storage/storageAccounts/blobServices', id: blobsOf(storage) },
    bundles: { type: 'Microsoft.Storage/storageAccounts/blobServices', id: blobsOf(bundles) },
    backups: { type: 'Microsoft.Storage/storageAccounts/blobServices', id: blobsOf(backups) },
    mqtt: { type: 'Microsoft.EventGrid/namespaces', id: mqtt.namespaceId },
    hub: { type: 'Microsoft.EventHub/namespaces', id: hub.namespaceId },
    undelivered: { type: 'Microsoft.Storage/storageAccounts/blobServices', id: blobsOf(undelivered) },
  } as const,
});

const blobsOf = ({ accountId }: Pick<World['storage'], 'accountId'>) => interpolate`${accountId}/blobServices/default`;
