// A command that runs where `pulumi up` runs. Its input is shown in previews and kept in the state: no secret belongs in it
// but in its environment, marked as one.
import { Command } from '@pulumi/command/local/command.js';
import type { CustomResourceOptions, Input } from '@pulumi/pulumi';

/** Arguments of {@link LocalCommand}. */
export interface LocalCommandArgs {
  /** Required. A line for the shell. It runs when the resource is made, and again whenever one of these arguments changes. */
  run: Input<string>;
  /** Optional. Variables besides those of the process. A secret is a secret output. Default: none. */
  environment?: Record<string, Input<string>>;
}

/** A command of a deployment. What it does stays when the resource is deleted. */
export class LocalCommand extends Command {
  constructor(name: string, { run, environment }: LocalCommandArgs, options?: CustomResourceOptions) {
    const inputs = {
      create: run,
      ...(environment && { environment }),
      // Its output goes to nobody's log and, when it fails, into the error. What it prints holds no secret all the same.
      logging: 'none',
      // Else the output of the last run would be handed to the next one in its environment.
      addPreviousOutputInEnv: false,
    } as const;
    super(name, inputs, options);
  }
}
