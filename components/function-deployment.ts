// Deploys the functions' package with the Azure CLI: Flex Consumption accepts no other way than One Deploy (docs/decisions/0009).
// The package's id is one of the command's arguments, so an unchanged package is not deployed again.
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
  /** Required. Resource group, region, tags and names. */
  placement: Placement;
  /** Required. The app's subscription; another one may be selected in the Azure CLI. */
  subscriptionId: Input<string>;
  /** Required. The app. */
  functionApp: FunctionApp;
  /** Required. The package that the app runs. */
  functionPackage: FunctionPackage;
  /** Optional. What must be deployed before new code runs, such as the database's schema. Default: nothing. */
  after?: Resource[];
}

/** The deployed package. */
export class FunctionDeployment extends ComponentResource {
  constructor(name: string, args: FunctionDeploymentArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:FunctionDeployment', name, {}, options);
    const { placement, subscriptionId, functionApp, functionPackage, after = [] } = args;
    const { archive, id } = functionPackage;
    // Relative to the checkout, so that the command is the same on every machine.
    const path = relative(ROOT, stage(ARCHIVES, `${id}.zip`, archive))
      .split(sep)
      .join('/');
    const app = `--resource-group ${placement.names.own('rg')} --app ${functionApp.appName}`;

    new LocalCommand(
      `${name}-package`,
      {
        run: interpolate`npm run --silent ops -- deploy functions --subscription ${subscriptionId} ${app}`,
        // Not part of the command: a preview shows changed inputs, but only the beginning of a long one.
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
