// A folder for what the files of one run share, and for whatever they keep in the system's temporary folder: gone when it ends,
// however it ends.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import type {} from './deployed.ts';

export function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'engine-run-'));
  project.provide('engineRun', folder);
  process.env.TMPDIR = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
