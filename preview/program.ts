// Runs the Pulumi program by the genuine Node SDK runner, the way Pulumi's Node language host starts it.
import { type Child, startNode } from './children.ts';
import { PARALLEL } from './engine/engine.ts';
import type { Project } from './project.ts';

/** Where there is no account there is no organization; this is what the CLI says with a local backend. */
export const ORGANIZATION = 'organization';

/** The runner's exit code when the SDK has logged the error itself (cmd/run/index.js). */
export const LOGGED_ERROR = 32;

/**
 * @param engineAddress where the stand-in engine listens.
 * @param hasStackTraces false: its errors say what, not where. The SDK notes a stack trace for each promise, which takes a
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
