// Runs programs and tells what they said.
import { type SpawnOptions, spawn } from 'node:child_process';

/** What a finished program left. `code` is 128 + the signal's number for one that was killed; 124 when its time was up. */
export interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

/** How a program is run. */
export interface RunOptions extends Pick<SpawnOptions, 'cwd' | 'env'> {
  /** Text for its standard input. Default: none. */
  input?: string;
  /** Milliseconds until it is killed. Default: 60 s. */
  timeoutMs?: number;
}

/** Runs a shell command in one place (a machine, a network namespace). Never throws for an exit code. */
export type Shell = (command: string, options?: RunOptions) => Promise<Result>;

const SIGNAL_BASE = 128;
const SIGKILL = 9;
const TIMED_OUT = 124;

/** Runs `program` to its end. @throws Error when it cannot be started. */
export function run(program: string, args: string[], options: RunOptions = {}): Promise<Result> {
  const { input, timeoutMs = 60_000, ...spawnOptions } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...spawnOptions, stdio: ['pipe', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text) => {
        output[stream] += text;
      });
    }
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    // Not 'close': a program that leaves something behind holding its output has still ended; its text is given a moment.
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      const ended = signal ? SIGNAL_BASE + SIGKILL : (code ?? 0);
      const done = () => resolve({ code: late ? TIMED_OUT : ended, ...output });
      child.once('close', done);
      setTimeout(done, 1000).unref();
    });
    child.once('error', reject);
    child.stdin.on('error', () => {});
    child.stdin.end(input ?? '');
  });
}

/** Like {@link run}, but a non-zero exit is an error that shows what the program said; gives its standard output. */
export async function must(program: string, args: string[], options?: RunOptions): Promise<string> {
  const result = await run(program, args, options);
  if (result.code === 0) return result.stdout;
  throw new Error(`${program} ${args.join(' ').slice(0, 200)}: exit ${result.code}\n${tail(result)}`);
}

/** A shell whose commands are run by `prefix`, such as `nsenter --net=...`. */
export function shellIn(...prefix: string[]): Shell {
  const [program = 'sh', ...args] = [...prefix, 'sh', '-c'];
  return (command, options) => run(program, [...args, command], options);
}

/** The last lines of what a program said, for an error message. */
const tail = ({ stdout, stderr }: Result) => `${stdout}\n${stderr}`.trim().split('\n').slice(-15).join('\n');
