// The command provider's local Command (provider/pkg/provider/local in pulumi-command): it really runs `create` when it is made, and
// again on every change unless there is an `update`; changed triggers make another one.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Model, Surroundings } from './model.ts';
import { UNKNOWN, type WireObject } from './values.ts';

export function command({ env, folder }: Surroundings): Model {
  async function run(line: string, inputs: WireObject, state?: WireObject): Promise<WireObject> {
    const previous =
      inputs.addPreviousOutputInEnv === false || !state
        ? {}
        : { PULUMI_COMMAND_STDOUT: String(state.stdout), PULUMI_COMMAND_STDERR: String(state.stderr) };
    const child = spawn('/bin/sh', ['-c', line], {
      cwd: typeof inputs.dir === 'string' ? inputs.dir : folder,
      env: { ...env, ...(inputs.environment as Record<string, string>), ...previous },
    });
    child.stdin.on('error', () => {}).end(String(inputs.stdin ?? ''));
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (chunk) => {
        said[stream] += chunk;
      });
    }
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    if (code !== 0)
      throw new Error(`exit status ${code}: running ${JSON.stringify(line)}:\n${said.stdout}${said.stderr}`);
    return { stdout: said.stdout.replace(/\n$/, ''), stderr: said.stderr.replace(/\n$/, '') };
  }
  return {
    stateOnly: true,
    replaces: ({ form }) => form.startsWith('triggers'),
    previewed: (_, inputs) => ({ ...inputs, stdout: UNKNOWN, stderr: UNKNOWN }),
    idOf: () => `local_command_${randomBytes(8).toString('hex')}`,
    make: async ({ inputs, state }) => {
      const line = state && inputs.update ? inputs.update : (inputs.create ?? 'true');
      return { ...inputs, ...(await run(String(line), inputs, state)) };
    },
  };
}
