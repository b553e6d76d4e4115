// A command that runs where `pulumi up` runs. Previews show its input and the state stores it: a secret may be in its environment
// only, and marked as one.
import { Command } from '@pulumi/command/local/command.js';
import type { CustomResourceOptions, Input } from '@pulumi/pulumi';

/** Arguments of {@link LocalCommand}. */
export interface LocalCommandArgs {
  /** Required. A shell command. It runs when the resource is made, and again whenever one of these arguments changes. */
  run: Input<string>;
  /** Optional. Variables in addition to those of the process. A secret is a secret output. Default: none. */
  environment?: Record<string, Input<string>>;
}

/** A command of a deployment. Deleting the resource does not undo it. */
export class LocalCommand extends Command {
  constructor(name: string, { run, environment }: LocalCommandArgs, options?: CustomResourceOptions) {
    const inputs = {
      create: run,
      ...(environment && { environment }),
      // Its output is not logged; on a failure it is part of the error. Even so, the command prints no secret.
      logging: 'none',
      // Otherwise the output of the last run would be in the environment of the next one.
      addPreviousOutputInEnv: false,
    } as const;
    super(name, inputs, options);
  }
}
