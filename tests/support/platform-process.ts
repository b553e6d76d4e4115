// `npm start` as a person runs it: a process of its own, its output, and what it leaves behind.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from '../../bootstrap/root.mjs';
import { dataRoot } from '../../lab/unprivileged.ts';

/** The dashboard may have to be built first. */
const START_TIMEOUT_MS = 240_000;

/** A started platform. */
export interface PlatformProcess {
  child: ChildProcess;
  output(): string;
  /** Resolves with the exit code. */
  exited: Promise<number | null>;
}

/**
 * Starts a platform under a name of its own and returns when it says that it runs.
 * @param settings added to its environment.
 * @param command `npm start`, or the program behind it without npm, so that signals reach it.
 */
export async function startPlatformProcess(
  name: string,
  command: 'npm' | 'program',
  args: string[] = [],
  settings: Record<string, string> = {},
): Promise<PlatformProcess> {
  const words =
    command === 'npm'
      ? ['npm', 'start', '--', '--name', name]
      : [
          process.execPath,
          'bootstrap/run.mjs',
          '--packages',
          'platform',
          '--needs',
          'mosquitto',
          'local/main.ts',
          '--name',
          name,
        ];
  const child = spawn(words[0]!, [...words.slice(1), ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_ENV: '', ...settings },
  });
  let text = '';
  child.stdout.on('data', (data) => (text += data));
  child.stderr.on('data', (data) => (text += data));
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const platform = { child, output: () => text, exited };
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!text.includes('The platform is running')) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`npm start did not get to running:\n${text}`);
    await sleep(50);
  }
  return platform;
}

/** Process ids of everything that belongs to the named platform: their command line or environment names its folder. */
export function processesOf(name: string): number[] {
  const folder = `${join(dataRoot(), name)}/`;
  const mentions = (file: string) => {
    try {
      return readFileSync(file, 'utf8').includes(folder);
    } catch {
      return false;
    }
  };
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => mentions(`/proc/${pid}/cmdline`) || mentions(`/proc/${pid}/environ`))
    .map(Number);
}

/** Removes the named platform's data. */
export function removePlatform(name: string): void {
  const dir = join(dataRoot(), name);
  if (existsSync(dir)) rmSync(dir, { recursive: true, force: true });
}
