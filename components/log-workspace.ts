// Where everything that happens in an environment is written down: one workspace, and Application Insights in front of it
// for what the functions say.
import { Component } from '@pulumi/azure-native/applicationinsights/component.js';
import { Workspace } from '@pulumi/azure-native/operationalinsights/workspace.js';
import { ComponentResource, type ComponentResourceOptions, type Output } from '@pulumi/pulumi';
import type { Placement } from './placement.ts';

/** Arguments of {@link LogWorkspace}. */
export interface LogWorkspaceArgs {
  /** Required. Where it lives and what it is called. */
  placement: Placement;
  /** Required. How long logs are kept: 30 to 730 days. The first 31 are free. */
  logRetentionDays: number;
  /** Required. What is taken in a day, GB, at least 0.023; the rest of that day is not written. */
  logDailyCapGb: number;
}

/** Log Analytics workspace and a workspace-based Application Insights. */
export class LogWorkspace extends ComponentResource {
  /** Id of the workspace, for diagnostic settings. */
  readonly workspaceId: Output<string>;
  /** Id of Application Insights: scope of log alerts, and of the role to write into it. */
  readonly insightsId: Output<string>;
  /** Where telemetry goes. Not a secret: who sends must also sign in. */
  readonly connectionString: Output<string>;

  constructor(name: string, args: LogWorkspaceArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:LogWorkspace', name, {}, options);
    const { resourceGroupName, location, tags, names } = args.placement;
    const parent = { parent: this };

    const workspace = new Workspace(
      `${name}-workspace`,
      {
        workspaceName: names.own('log'),
        resourceGroupName,
        location,
        tags,
        sku: { name: 'PerGB2018' },
        retentionInDays: args.logRetentionDays,
        workspaceCapping: { dailyQuotaGb: args.logDailyCapGb },
        // No workspace keys: Azure's own services write without one, people read with their roles.
        features: { disableLocalAuth: true, enableLogAccessUsingOnlyResourcePermissions: true },
        publicNetworkAccessForIngestion: 'Enabled',
        publicNetworkAccessForQuery: 'Enabled',
      },
      parent,
    );

    const insights = new Component(
      `${name}-insights`,
      {
        resourceName: names.own('appi'),
        resourceGroupName,
        location,
        tags,
        kind: 'web',
        applicationType: 'web',
        ingestionMode: 'LogAnalytics',
        workspaceResourceId: workspace.id,
        // Only an identity with the role may write: whoever reads the app's settings cannot fake or flood the log.
        disableLocalAuth: true,
        publicNetworkAccessForIngestion: 'Enabled',
        publicNetworkAccessForQuery: 'Enabled',
      },
      parent,
    );

    this.workspaceId = workspace.id;
    this.insightsId = insights.id;
    this.connectionString = insights.connectionString;
    this.registerOutputs();
  }
}
