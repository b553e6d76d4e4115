// The Function App: Flex Consumption on Linux. It reads everything through its identity.
import type { UserAssignedIdentity } from '@pulumi/azure-native/managedidentity/userAssignedIdentity.js';
import { AppServicePlan } from '@pulumi/azure-native/web/appServicePlan.js';
import { WebApp } from '@pulumi/azure-native/web/webApp.js';
import { WebAppApplicationSettings } from '@pulumi/azure-native/web/webAppApplicationSettings.js';
import { WebAppFtpAllowed } from '@pulumi/azure-native/web/webAppFtpAllowed.js';
import { WebAppScmAllowed } from '@pulumi/azure-native/web/webAppScmAllowed.js';
import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  interpolate,
  type Output,
  output,
  type ResourceTransformation,
} from '@pulumi/pulumi';
import type { Access } from './access.ts';
import type { LogWorkspace } from './log-workspace.ts';
import type { Placement } from './placement.ts';
import type { Storage } from './storage.ts';

/** Node's major version on the Function App. */
const NODE_VERSION = '22';
/** The smallest instance; ingest is designed to stay below 128 MB. */
const INSTANCE_MEMORY_MB = 512;
/** The lowest maximum that Azure accepts. Only one run works at a time, so more instances would only wait. */
const MAXIMUM_INSTANCES = 40;
/**
 * Requests that an instance answers side by side; beyond them Azure starts another instance, and bills it. The default of this size is
 * 4: with this, strangers who flood the health page, which an instance answers from memory within a second, cost one instance.
 */
const HTTP_CONCURRENCY = 100;

/** Names of its resources that others refer to, by the component's name. */
export const resourceNames = { settings: (name: string) => `${name}-settings` };

/** Address of an environment's Function App, which is known before it is made. */
export const functionAppUrl = (names: Placement['names']): string =>
  `https://${names.shared('func')}.azurewebsites.net`;

/** Arguments of {@link FunctionApp}. */
export interface FunctionAppArgs {
  /** Required. Resource group, region, tags and names. */
  placement: Placement;
  /** Required. Identity with which it reads the vault and its storage. */
  identity: UserAssignedIdentity;
  /** Required. The identity's rights, made before the app: it resolves its vault references when it starts. */
  access: Access;
  /** Required. Account for its packages and its host's state. */
  storage: Storage;
  /** Required. Workspace for its log. */
  logs: LogWorkspace;
  /** Required. App settings. A secret is a reference to the vault, never a value. */
  settings: Record<string, Input<string>>;
  /** Optional. Subnet through which its connections go out, delegated to `Microsoft.App/environments`. Default: none. */
  subnetId?: Input<string> | undefined;
}

/** Flex Consumption plan and Function App. */
export class FunctionApp extends ComponentResource {
  /** The app's name. */
  readonly appName: string;
  /** Its resource id. */
  readonly appId: Output<string>;
  /** The app. */
  readonly app: WebApp;

  constructor(name: string, args: FunctionAppArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:FunctionApp', name, {}, options);
    const { placement, identity, storage } = args;
    const { resourceGroupName, location, tags, names } = placement;
    const parent = { parent: this };
    this.appName = names.shared('func');

    const plan = new AppServicePlan(
      `${name}-plan`,
      {
        name: names.own('asp'),
        resourceGroupName,
        location,
        tags,
        kind: 'functionapp',
        sku: { name: 'FC1', tier: 'FlexConsumption' },
        reserved: true,
      },
      parent,
    );

    const app = new WebApp(
      `${name}-app`,
      {
        name: this.appName,
        resourceGroupName,
        location,
        tags,
        // Set from the first deployment on: changing it later makes a new app. Linux comes from the plan: on Flex Consumption, the
        // app's own `reserved` is not valid.
        kind: 'functionapp,linux',
        serverFarmId: plan.id,
        identity: { type: 'UserAssigned', userAssignedIdentities: [identity.id] },
        // Without it, references are read with a system-assigned identity, and there is none.
        keyVaultReferenceIdentity: identity.id,
        httpsOnly: true,
        clientAffinityEnabled: false,
        publicNetworkAccess: 'Enabled',
        ...(args.subnetId && { virtualNetworkSubnetId: args.subnetId }),
        siteConfig: {
          minTlsVersion: '1.2',
          scmMinTlsVersion: '1.2',
          http20Enabled: true,
          remoteDebuggingEnabled: false,
        },
        functionAppConfig: {
          deployment: {
            storage: {
              type: 'blobContainer',
              value: storage.packagesUrl,
              authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identity.id },
            },
          },
          runtime: { name: 'node', version: NODE_VERSION },
          scaleAndConcurrency: {
            instanceMemoryMB: INSTANCE_MEMORY_MB,
            maximumInstanceCount: MAXIMUM_INSTANCES,
            triggers: { http: { perInstanceConcurrency: HTTP_CONCURRENCY } },
          },
        },
      },
      { parent: this, dependsOn: [storage, args.access], transformations: [withoutOtherPlansMembers] },
    );

    // A separate resource: inside siteConfig, a single unknown setting (the identity's id, the CA) would hide all of them from the
    // preview, and so from the policy that looks for secrets among them.
    new WebAppApplicationSettings(
      resourceNames.settings(name),
      { name: app.name, resourceGroupName, properties: { ...hostSettings(args), ...args.settings } },
      parent,
    );

    this.app = app;
    this.appId = app.id;

    // Publishing with user name and password is off; deployments sign in to Entra.
    const noBasicAuth = { name: app.name, resourceGroupName, allow: false };
    new WebAppFtpAllowed(`${name}-no-ftp-password`, noBasicAuth, parent);
    new WebAppScmAllowed(`${name}-no-scm-password`, noBasicAuth, parent);

    this.registerOutputs();
  }
}

/**
 * Removes what the SDK adds by itself, and Flex Consumption refuses or does not know
 * (pulumi/pulumi-azure-native#4168).
 */
const withoutOtherPlansMembers: ResourceTransformation = ({ props, opts }) => {
  const { hyperV, isXenon, siteConfig, ...kept } = props;
  return { props: { ...kept, siteConfig: output(siteConfig).apply(ofAnyPlan) }, opts };
};

function ofAnyPlan({ netFrameworkVersion, localMySqlEnabled, ...kept }: Record<string, unknown>) {
  return kept;
}

/** The host's version, and how it reaches its storage and Application Insights: by identity, without a key. */
function hostSettings({ storage, identity, logs }: FunctionAppArgs): Record<string, Input<string>> {
  return {
    // Azure sets it when it makes the app. Settings are replaced as a whole, and without this one the app does not start
    // (Azure/azure-functions-host#10714).
    FUNCTIONS_EXTENSION_VERSION: '~4',
    AzureWebJobsStorage__accountName: storage.accountName,
    AzureWebJobsStorage__credential: 'managedidentity',
    AzureWebJobsStorage__clientId: identity.clientId,
    APPLICATIONINSIGHTS_CONNECTION_STRING: logs.connectionString,
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: interpolate`Authorization=AAD;ClientId=${identity.clientId}`,
  };
}
