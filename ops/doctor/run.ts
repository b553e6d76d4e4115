// Runs another program for its answer. The program may be missing, fail, or never end: none of that is an exception here.
import { execFile } from 'node:child_process';

/** The result. */
export type Answer =
  | { kind: 'done'; stdout: string }
  | { kind: 'refused'; stderr: string }
  | { kind: 'missing' }
  | { kind: 'late'; seconds: number };

/** `az` needs half a minute to list every machine size of a region. */
const TIMEOUT_MS = 60_000;

/** @param timeoutMs the program is killed after this time. Default: 60 s. */
export function run(program: string, args: readonly string[], timeoutMs = TIMEOUT_MS): Promise<Answer> {
  return new Promise((resolve) => {
    // KILL: a program that does not answer may ignore TERM, too.
    const options = { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 2 ** 26, encoding: 'utf8' } as const;
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      if (!error) resolve({ kind: 'done', stdout });
      else if (error.code === 'ENOENT') resolve({ kind: 'missing' });
      else if (error.killed) resolve({ kind: 'late', seconds: timeoutMs / 1000 });
      else resolve({ kind: 'refused', stderr: stderr.trim() || stdout.trim() || error.message });
    });
    // A program that asks a question gets no answer instead of a terminal.
    child.stdin?.end();
  });
}

/** Its answer as JSON. @throws Error with the program's message, in one line. */
export async function ask<T>(program: string, args: readonly string[], timeoutMs?: number): Promise<T> {
  const answer = await run(program, args, timeoutMs);
  if (answer.kind !== 'done') throw new Error(describe(program, answer));
  try {
    return JSON.parse(answer.stdout) as T;
  } catch {
    throw new Error(`${program} ${args.slice(0, 2).join(' ')} did not answer in JSON`);
  }
}

/** Why there is no answer, in one line. */
export function describe(program: string, answer: Exclude<Answer, { kind: 'done' }>): string {
  if (answer.kind === 'missing') return `${program} is not installed`;
  if (answer.kind === 'late') return `${program} did not answer within ${answer.seconds} s`;
  return (answer.stderr.split('\n').find((line) => line.trim() !== '') ?? '').replace(/^ERROR: /, '').slice(0, 200);
}
