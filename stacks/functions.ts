// The environment's functions: the app, its settings, and the code that runs in it.
import type { Output, Resource } from '@pulumi/pulumi';
import type { Access } from '../components/access.ts';
import { FunctionApp } from '../components/function-app.ts';
import { FunctionDeployment } from '../components/function-deployment.ts';
import type { Identities } from '../components/identities.ts';
import type { LogWorkspace } from '../components/log-workspace.ts';
import type { Placement } from '../components/placement.ts';
import type { Storage } from '../components/storage.ts';
import type { Vault } from '../components/vault.ts';
import { freshFunctions } from '../provisioning/functions/build.ts';
import { packFunctions } from '../provisioning/functions/package.ts';
import type { StackConfig } from './configuration/parse.ts';
import { FUNCTIONS } from './names.ts';
import type { Managed } from './profiles/managed/managed.ts';
import { ingestSettings } from './tables/settings.ts';

/** Arguments of {@link makeFunctions}. */
export interface FunctionsArgs {
  config: StackConfig;
  placement: Placement;
  identities: Identities;
  access: Access;
  storage: Storage;
  logs: LogWorkspace;
  vault: Vault;
  brokerHost: string;
  /** Names of the broker and its standby; undefined: there is none. */
  ownHosts: { primary: string; standby: string } | undefined;
  /** Certificate of the private CA, PEM; undefined when the broker's certificate is a public one. */
  brokerCa: Output<string> | undefined;
  /** Where the dashboard is; undefined if there is none. */
  dashboardUrl: Output<string> | undefined;
  /** The managed profile, from whose hub the app reads, too. */
  managed: Managed | undefined;
  /** What must be deployed before new code runs. */
  after: Resource[];
}

/** Makes app and code. @returns the app. */
export async function makeFunctions(args: FunctionsArgs): Promise<FunctionApp> {
  const { placement, identities, access, storage, logs, managed, after } = args;
  const settings = { ...ingestSettings(args), ...managed?.settings };
  const app = {
    placement,
    identity: identities.functions,
    access,
    storage,
    logs,
    settings,
    subnetId: managed?.subnetId,
  };
  const functionApp = new FunctionApp(FUNCTIONS, app);
  const functionPackage = packFunctions(await freshFunctions());
  const { subscriptionId } = identities;
  new FunctionDeployment('function-deployment', { placement, subscriptionId, functionApp, functionPackage, after });
  return functionApp;
}
