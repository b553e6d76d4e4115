// Where all logs of an environment are kept: one workspace, and Application Insights in front of it for the functions' log.
import { Component } from '@pulumi/azure-native/applicationinsights/component.js';
import { Workspace } from '@pulumi/azure-native/operationalinsights/workspace.js';
import { ComponentResource, type ComponentResourceOptions, type Output } from '@pulumi/pulumi';
import type { Placement } from './placement.ts';

/** Arguments of {@link LogWorkspace}. */
export interface LogWorkspaceArgs {
  /** Required. Resource group, region, tags and names. */
  placement: Placement;
  /** Required. Days for which logs are kept: 30 to 730. The first 31 are free. */
  logRetentionDays: number;
  /** Required. Log volume accepted per day, GB, at least 0.023; the rest of the day is not logged. */
  logDailyCapGb: number;
}

/** Log Analytics workspace and a workspace-based Application Insights. */
export class LogWorkspace extends ComponentResource {
  /** Id of the workspace, for diagnostic settings. */
  readonly workspaceId: Output<string>;
  /** Id of Application Insights: scope of log alerts, and of the role for writing to it. */
  readonly insightsId: Output<string>;
  /** Where telemetry is sent. Not a secret: a sender must sign in, too. */
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
        // No workspace keys: Azure's own services need none, and people read with their roles.
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
        // Only an identity with the role may write: reading the app's settings is not enough to fake or flood the log.
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
