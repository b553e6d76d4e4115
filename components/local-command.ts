// A command that runs where `pulumi up` runs. Its input is shown in previews and kept in the state: no secret belongs in it
// but in its environment, marked as one.
//
// The resource of Pulumi's command provider, registered by its token: the package that npm calls the latest, 4.5.0, is a
// release of 2022 that its makers withdrew (pulumi/pulumi-command#183), without `logging`.
import { CustomResource, type CustomResourceOptions, type Input } from '@pulumi/pulumi';

/** The provider's version. */
const PROVIDER = '1.2.1';

/** Arguments of {@link LocalCommand}. */
export interface LocalCommandArgs {
  /** Required. A line for the shell. It runs when the resource is made, and again whenever one of these arguments changes. */
  run: Input<string>;
  /** Optional. Variables besides those of the process. A secret is a secret output. Default: none. */
  environment?: Record<string, Input<string>>;
}

/** A command of a deployment. What it does stays when the resource is deleted. */
export class LocalCommand extends CustomResource {
  constructor(name: string, { run, environment }: LocalCommandArgs, options?: CustomResourceOptions) {
    const inputs = {
      create: run,
      environment,
      // Its output goes to nobody's log and, when it fails, into the error. What it prints holds no secret all the same.
      logging: 'none',
      // Else the output of the last run would be handed to the next one in its environment.
      addPreviousOutputInEnv: false,
    };
    const outputs = { stdout: undefined, stderr: undefined };
    super('command:local:Command', name, { ...inputs, ...outputs }, { version: PROVIDER, ...options });
  }
}
