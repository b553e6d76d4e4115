// A copy of the project's program that a test may change, with the installed packages and the project's policies.
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../bootstrap/root.mjs';
import { makeScratchDir } from '../../lab/unprivileged.ts';

/** The program's files. */
export const PROGRAM = [
  'Pulumi.yaml',
  'Pulumi.README.md',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'stacks',
  'components',
  'domain',
  'provisioning',
  'functions',
  // Built before any test; with the times of their sources they need not be built again.
  'dist/functions',
];

/** Replaces text in a file. @throws Error when the text is not there, so that no change is silently none. */
export function changeFile(path: string, from: string | RegExp, to: string): void {
  const before = readFileSync(path, 'utf8');
  const after = before.replace(from, () => to);
  if (after === before) throw new Error(`${path} does not hold ${from}`);
  writeFileSync(path, after);
}

/** A changeable copy. */
export interface ScratchCopy {
  /** Replaces text in a file. @throws Error when the text is not there, so that no mutation is silently none. */
  change(file: string, from: string | RegExp, to: string): void;
  /** Takes every change back. */
  undo(): void;
  /** Runs the offline preview on the copy; `output` is all that it prints. */
  preview(...args: string[]): { status: number | null; output: string };
  dir: string;
  remove(): void;
}

export function makeScratchCopy(): ScratchCopy {
  const dir = makeScratchDir();
  for (const name of [...PROGRAM, 'Pulumi.dev.yaml', 'Pulumi.prod.yaml']) {
    cpSync(join(ROOT, name), join(dir, name), { recursive: true, preserveTimestamps: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
  const originals = new Map<string, string>();
  return {
    dir,
    change: (file, from, to) => {
      const path = join(dir, file);
      const before = readFileSync(path, 'utf8');
      changeFile(path, from, to);
      if (!originals.has(path)) originals.set(path, before);
    },
    undo: () => {
      for (const [path, text] of originals) writeFileSync(path, text);
      originals.clear();
    },
    preview: (...args) => {
      const program = [join(ROOT, 'preview/main.ts'), '--cwd', dir, '--policy-pack', join(ROOT, 'policies')];
      const words = [...program, '--stack', 'dev', ...args];
      const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
      return { status, output: stdout + stderr };
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}
