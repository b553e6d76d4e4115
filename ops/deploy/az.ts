// Runs the Azure CLI during a deployment.
import { spawnSync } from 'node:child_process';
import { spawnProblem } from '../spawn-problem.ts';

/**
 * @param answerMs how long the CLI may take.
 * @param remedy what to do when it takes longer.
 * @throws Error that says what to do, when the CLI does not start or takes too long. A command that fails gives its status.
 */
export function az(words: readonly string[], answerMs: number, remedy: string) {
  const { error, ...result } = spawnSync('az', words, { encoding: 'utf8', timeout: answerMs });
  if (error && 'code' in error && error.code === 'ETIMEDOUT') {
    const command = words.slice(
      0,
      words.findIndex((word) => word.startsWith('-')),
    );
    throw new Error(`az ${command.join(' ')} gave no answer in ${answerMs / 1000} s: ${remedy}`);
  }
  if (error) {
    const missing =
      'the az command was not found: install the Azure CLI (learn.microsoft.com/cli/azure), then run pulumi up again';
    throw spawnProblem(error, missing);
  }
  return result;
}
