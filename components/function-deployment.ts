// The functions' package on its way into the Function App: One Deploy, the only way Flex Consumption has, by the Azure CLI
// (docs/decisions/0009 says why). An unchanged package is not deployed again, because its id is among the command's arguments.
import { join, relative, sep } from 'node:path';
import {
  ComponentResource,
  type ComponentResourceOptions,
  type Input,
  interpolate,
  type Resource,
} from '@pulumi/pulumi';
import type { FunctionPackage } from '../provisioning/functions/package.ts';
import { stage } from '../provisioning/stage.ts';
import type { FunctionApp } from './function-app.ts';
import { LocalCommand } from './local-command.ts';
import type { Placement } from './placement.ts';

const ROOT = join(import.meta.dirname, '..');
/** Where the deployment finds the archive. */
const ARCHIVES = join(ROOT, 'dist/deployments');

/** Arguments of {@link FunctionDeployment}. */
export interface FunctionDeploymentArgs {
  /** Required. Where the app lives. */
  placement: Placement;
  /** Required. The subscription that the deployment works in; the Azure CLI may have another one selected. */
  subscriptionId: Input<string>;
  /** Required. The app. */
  functionApp: FunctionApp;
  /** Required. What runs in it. */
  functionPackage: FunctionPackage;
  /** Optional. What must be there before new code runs, such as the database's schema. Default: nothing. */
  after?: Resource[];
}

/** The package in force. */
export class FunctionDeployment extends ComponentResource {
  constructor(name: string, args: FunctionDeploymentArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:FunctionDeployment', name, {}, options);
    const { placement, subscriptionId, functionApp, functionPackage, after = [] } = args;
    const { archive, id } = functionPackage;
    // As the checkout sees it: the command is the same on every machine.
    const path = relative(ROOT, stage(ARCHIVES, `${id}.zip`, archive))
      .split(sep)
      .join('/');
    const app = `--resource-group ${placement.names.own('rg')} --app ${functionApp.appName}`;

    new LocalCommand(
      `${name}-package`,
      {
        run: interpolate`npm run --silent ops -- deploy functions --subscription ${subscriptionId} ${app}`,
        // Not in the line: a preview shows what changed, and of a long line its beginning.
        environment: { FUNCTIONS_PACKAGE: path },
      },
      {
        parent: this,
        dependsOn: [functionApp, ...after],
        // A new app is empty.
        replaceWith: [functionApp.app],
        deletedWith: functionApp.app,
      },
    );
    this.registerOutputs();
  }
}
