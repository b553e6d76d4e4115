// Starts Pulumi's own Node programs (the program's runner, the policy pack's runner) so that they exit with this process.
import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { COMPILE_CACHE } from '../bootstrap/root.mjs';
import { Refusal } from './refusal.ts';

export interface Child {
  process: ChildProcess;
  /** Everything printed so far on both streams, in order of arrival, without colours. */
  output(): string;
  /** Exit code; 128 after a signal. */
  exited: Promise<number>;
}

/** Where and how the child runs. */
export interface ChildOptions {
  folder: string;
  env: Record<string, string>;
  /** Node's own. Default: none. */
  flags?: string[];
  /** Called with each chunk of standard output. */
  onStdout?: (chunk: string) => void;
}

const GUARD = `--import=${new URL('./die-with-parent.ts', import.meta.url).href}`;

/**
 * Starts `node <module>` in `folder`.
 * @param module path within @pulumi/pulumi, which is looked up from `folder` as the CLI does.
 * @throws Refusal when the SDK is not installed.
 */
export function startNode(module: string, args: string[], { folder, env, flags = [], onStdout }: ChildOptions): Child {
  const child = spawn(process.execPath, [...flags, GUARD, sdkModule(module, folder), ...args], {
    cwd: folder,
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env, ...env },
    stdio: 'pipe',
  });
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  }
  if (onStdout) child.stdout.on('data', onStdout);
  const exited = new Promise<number>((resolve) => {
    child.on('error', () => resolve(1));
    child.on('close', (code) => resolve(code ?? 128));
  });
  return { process: child, output: () => stripVTControlCharacters(chunks.join('')), exited };
}

function sdkModule(module: string, folder: string): string {
  try {
    return createRequire(join(folder, 'package.json')).resolve(`@pulumi/pulumi/${module}`);
  } catch {
    throw new Refusal(`@pulumi/pulumi is not installed where ${folder} can find it. Run npm ci.`);
  }
}
