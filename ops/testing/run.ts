// Runs ops commands in the test's own process: a process each would take ten times as long. ops/main.test.ts runs real ones.
import { format } from 'node:util';
import { vi } from 'vitest';
import { runCommand } from '../program.ts';

/** How a command ended, and what it printed. */
export interface Ended {
  code: number;
  out: string;
  err: string;
  /** What it printed to standard output, as bytes. */
  bytes: Buffer;
}

/** Runs one, as a process of its own would run with this environment besides the test's. Commands of a file run one after another. */
export async function runOps(args: string[], env: Record<string, string> = {}): Promise<Ended> {
  const out: Buffer[] = [];
  let err = '';
  const toOut = (text: string | Uint8Array) => out.push(Buffer.from(text)) > 0;
  const toErr = (text: string | Uint8Array) => {
    err += text;
    return true;
  };
  const mocks = [
    vi.spyOn(process.stdout, 'write').mockImplementation(toOut),
    vi.spyOn(process.stderr, 'write').mockImplementation(toErr),
    vi.spyOn(console, 'log').mockImplementation((...words) => void toOut(`${format(...words)}\n`)),
    vi.spyOn(console, 'error').mockImplementation((...words) => void toErr(`${format(...words)}\n`)),
  ];
  const before = { ...process.env };
  Object.assign(process.env, env);
  try {
    const code = await runCommand(args);
    const bytes = Buffer.concat(out);
    return { code, out: bytes.toString(), err, bytes };
  } finally {
    for (const name of Object.keys(env)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
    process.exitCode = undefined;
    for (const mock of mocks) mock.mockRestore();
  }
}
