// Compiles a test program with the gate's pure parts, under AddressSanitizer and UndefinedBehaviorSanitizer.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { SOURCES } from '../../gate.ts';

/** What calls nothing of Mosquitto: gate.h. */
const PURE = ['registry.c', 'topics.c', 'stamp.c', 'limits.c', 'backlog.c'];
const WARNINGS = ['-Wall', '-Wextra', '-Wshadow', '-Werror'];
/** For a library too, which a broker without sanitizers loads. */
export const SANITIZERS = [
  '-g',
  '-O1',
  '-fno-omit-frame-pointer',
  '-fsanitize=address,undefined',
  '-fno-sanitize-recover=all',
];

/** @param program its name in this folder. @param output where the program comes. @throws Error with the compiler's words. */
export function compile(program: string, output: string): void {
  gcc(['-std=c11', '-D_GNU_SOURCE', ...SANITIZERS, ...WARNINGS, '-o', output, `testing/${program}`, ...PURE]);
}

/** Runs gcc in the gate's folder. @throws Error with its words. */
export function gcc(options: string[]): void {
  const { status, stderr, error } = spawnSync('gcc', options, { cwd: join(SOURCES), encoding: 'utf8' });
  if (status !== 0) throw new Error(`gcc: ${error?.message ?? stderr}`);
}
