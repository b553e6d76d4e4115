// Runs the Pulumi program with the Node SDK's own runner, as Pulumi's Node language host does.
import { type Child, startNode } from './children.ts';
import { PARALLEL } from './engine/engine.ts';
import type { Project } from './project.ts';

/** The organization that the CLI reports with a local backend, where there is no account. */
export const ORGANIZATION = 'organization';

/** The runner's exit code when the SDK has logged the error itself (cmd/run/index.js). */
export const LOGGED_ERROR = 32;

/**
 * @param engineAddress where the stand-in engine listens.
 * @param hasStackTraces false for errors without stack traces. The SDK records a stack trace for each promise, which takes a
 * third of its time. Default: true, as under Pulumi.
 */
export function startProgram(project: Project, engineAddress: string, hasStackTraces = true): Child {
  const args = [
    `--monitor=${engineAddress}`,
    `--engine=${engineAddress}`,
    `--organization=${ORGANIZATION}`,
    `--project=${project.name}`,
    `--stack=${project.stack}`,
    `--root-directory=${project.root}`,
    `--pwd=${project.workingFolder}`,
    `--parallel=${PARALLEL}`,
    '--dry-run',
    project.entryPoint,
  ];
  return startNode('cmd/run/index.js', args, {
    folder: project.workingFolder,
    flags: hasStackTraces ? [] : ['--stack-trace-limit=0'],
    env: {
      PULUMI_CONFIG: JSON.stringify(project.config),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(project.secretKeys),
      PULUMI_NODEJS_TYPESCRIPT: String(project.typescript),
    },
  });
}
