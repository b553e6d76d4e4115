// For tests: the row of every rule about tags, cost, alerts and logs.
import { resource, UNKNOWN_TEXT, urnOf } from '../testing/plan.ts';
import type { Specimen } from '../testing/specimen.ts';
import {
  ACTION_GROUP,
  ACTIVITY_LOG_ALERT,
  APP_SERVICE_PLAN,
  BUDGETS,
  DIAGNOSTIC_SETTING,
  DISK,
  METRIC_ALERT,
  SECURITY_GROUP,
  STORAGE_ACCOUNT,
  VAULT,
  VIRTUAL_MACHINE,
} from '../types.ts';
import { alerts } from './alerts.ts';
import { allowedPlacesAndSizes } from './allowed-places-and-sizes.ts';
import { budget } from './budget.ts';
import { diagnostics } from './diagnostics.ts';
import { requiredTags } from './required-tags.ts';

const machine = resource(VIRTUAL_MACHINE, 'vm', {
  location: 'northeurope',
  hardwareProfile: { vmSize: 'Standard_B2ts_v2' },
  storageProfile: { osDisk: { managedDisk: { storageAccountType: 'StandardSSD_LRS' } } },
});
const WIRED = [{ actionGroupId: UNKNOWN_TEXT }];
const changes = (...operations: string[]) => ({
  allOf: [
    { field: 'category', equals: 'Administrative' },
    { anyOf: operations.map((name) => ({ field: 'operationName', equals: `Microsoft.Network/${name}` })) },
  ],
});
const notification = { enabled: true, operator: 'GreaterThan', threshold: 80, contactEmails: ['ops@example.com'] };

export const GOVERNANCE_SPECIMENS: Specimen[] = [
  {
    rule: requiredTags,
    plan: [
      resource('azure-native:resources:ResourceGroup', 'group', {
        location: 'northeurope',
        tags: { environment: 'dev', project: 'mqtt-saas', owner: 'platform@example.com', costCenter: 'iot-0001' },
      }),
      resource('azure-native:network:Subnet', 'subnet', {}),
    ],
    broken: { 'ResourceGroup.tags': [{}, { owner: 'x' }], 'ResourceGroup.tags.owner': [''] },
    wrongConfigs: [{ requiredTags: ['dataClass'] }],
  },
  {
    rule: allowedPlacesAndSizes,
    config: { regions: ['northeurope'] },
    plan: [
      machine,
      resource(DISK, 'disk', { location: 'North Europe', sku: { name: 'StandardSSD_LRS' } }),
      resource(APP_SERVICE_PLAN, 'plan', { location: 'northeurope', sku: { name: 'FC1' } }),
      resource(STORAGE_ACCOUNT, 'account', { location: 'northeurope', sku: { name: 'Standard_LRS' } }),
      resource('azure-native:monitor:ActionGroup', 'group', { location: 'Global' }),
    ],
    broken: {
      'VirtualMachine.location': ['westeurope'],
      'VirtualMachine.hardwareProfile.vmSize': ['Standard_D64s_v5'],
      'VirtualMachine.storageProfile.osDisk.managedDisk.storageAccountType': ['Premium_LRS'],
      'Disk.sku.name': ['UltraSSD_LRS'],
      'AppServicePlan.sku.name': ['P3v3', 'EP1'],
      'StorageAccount.sku.name': ['Premium_LRS'],
    },
    wrongConfigs: [{}, { regions: ['westeurope'] }, { regions: ['northeurope'], machineSizes: [] }],
  },
  {
    rule: budget,
    plan: [
      machine,
      resource(BUDGETS[0]!, 'budget', { amount: 50, timeGrain: 'Monthly', notifications: { notification } }),
    ],
    needs: [BUDGETS[0]!],
    broken: {
      'Budget.amount': [5000, '50'],
      'Budget.timeGrain': ['Weekly'],
      'Budget.notifications': [
        {},
        { notification: { ...notification, enabled: false } },
        { notification: { ...notification, contactEmails: [] } },
      ],
    },
    fine: {
      'Budget.amount': [200],
      'Budget.notifications': [{ notification: { enabled: true, contactGroups: [UNKNOWN_TEXT] } }],
    },
    likewise: { [BUDGETS[0]!]: [BUDGETS[1]!] },
    wrongConfigs: [{ cap: 49 }],
  },
  {
    rule: alerts,
    plan: [
      machine,
      resource(SECURITY_GROUP, 'nsg', {}),
      resource(ACTION_GROUP, 'operators', { enabled: true, emailReceivers: [{ emailAddress: 'ops@example.com' }] }),
      resource(METRIC_ALERT, 'cpu', { enabled: true, actions: WIRED }),
      resource(ACTIVITY_LOG_ALERT, 'rules-changed', {
        actions: { actionGroups: WIRED },
        condition: changes('networkSecurityGroups/write', 'networkSecurityGroups/delete'),
      }),
    ],
    needs: [ACTION_GROUP, METRIC_ALERT, ACTIVITY_LOG_ALERT],
    broken: {
      'ActionGroup.enabled': [false],
      'ActionGroup.emailReceivers': [[]],
      'MetricAlert.enabled': [false],
      'MetricAlert.actions': [[], [{}]],
      'ActivityLogAlert.enabled': [false],
      'ActivityLogAlert.actions': [{ actionGroups: [] }],
      'ActivityLogAlert.condition': [changes('networkSecurityGroups/write')],
    },
  },
  {
    rule: diagnostics,
    plan: [
      machine,
      resource(VAULT, 'vault', {}),
      resource(
        DIAGNOSTIC_SETTING,
        'audit',
        {
          resourceUri: UNKNOWN_TEXT,
          workspaceId: UNKNOWN_TEXT,
          logs: [{ categoryGroup: 'audit', enabled: true }],
        },
        { resourceUri: [urnOf(VAULT, 'vault')] },
      ),
    ],
    needs: [DIAGNOSTIC_SETTING],
    broken: {
      'DiagnosticSetting.workspaceId': [''],
      'DiagnosticSetting.logs': [[], [{ categoryGroup: 'audit', enabled: false }]],
    },
  },
];
