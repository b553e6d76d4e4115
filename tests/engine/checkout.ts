// The folder that a scenario's engine works in: a copy of the checkout, because the CLI rewrites the stack's file and a scenario
// changes the program; or a small program of the scenario's own.
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from '../../bootstrap/root.mjs';
import { PROGRAM } from '../support/scratch-copy.ts';

/** What the program, its deployment's commands and the policies need. */
const COPIED = [...PROGRAM, 'policies', 'ops', 'preview', 'lab', 'local', 'bootstrap', 'apps/dashboard'];
const LEFT_OUT = /\/(node_modules|\.next|out|testing|snapshots)$|\.test\.ts$/;

export function copyCheckout(dir: string): void {
  for (const name of COPIED) {
    // With the times of their sources, the functions need not be built again.
    const options = { recursive: true, preserveTimestamps: true, filter: (path: string) => !LEFT_OUT.test(path) };
    cpSync(join(ROOT, name), join(dir, name), options);
  }
  symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
}

/** @param files content by path. */
export function writeProgram(dir: string, files: Record<string, string>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), content);
  }
  symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
}
