// The gate's program for a machine: built ahead for Linux (`npm run build:gate`), so that nobody needs a compiler.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Its C sources. */
export const SOURCES = join(import.meta.dirname, 'gate');
/** What is built of them, one file a machine. */
export const BUILT = join(SOURCES, 'built');
/** Machines that the gate is built for: Node's name, and the one that `uname -m` has. */
export const GATE_MACHINES: Record<string, string> = { x64: 'x86_64', arm64: 'aarch64' };

/** How it is compiled, by any compiler. */
export const FLAGS = [
  '-std=c11',
  '-D_GNU_SOURCE',
  '-O2',
  '-fPIC',
  '-shared',
  '-fvisibility=hidden',
  '-Wall',
  '-Wextra',
  '-Wconversion',
  '-Wshadow',
  '-Werror',
];

/** The built gate. @param arch as Node names it. @throws Error where there is none. */
export function gateFile(arch: string = process.arch): string {
  const machine = GATE_MACHINES[arch];
  if (!machine)
    throw new Error(`there is no gate for ${arch}: it is built for ${Object.keys(GATE_MACHINES).join(', ')}`);
  return join(BUILT, `gate-${machine}.so`);
}

/** The C files, by name. */
export const cFiles = () =>
  readdirSync(SOURCES)
    .filter((name) => name.endsWith('.c'))
    .toSorted();

/** SHA-256 of all that the built files follow from, hexadecimal. */
export function sourcesHash(): string {
  const hash = createHash('sha256').update(FLAGS.join(' '));
  const names = readdirSync(SOURCES).filter((name) => /\.[ch]$/.test(name));
  for (const name of names.toSorted()) hash.update(name).update(readFileSync(join(SOURCES, name)));
  return hash.digest('hex');
}
