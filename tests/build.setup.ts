// Before any test: builds the functions once, so that tests run the bundle that is deployed and not the sources; and makes the
// folder in which the run's previews are shared (stacks/testing/shared-preview.ts).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { buildFunctions } from '../provisioning/functions/build.ts';

const previews = mkdtempSync(join(tmpdir(), 'previews-'));

export async function setup(project: TestProject): Promise<void> {
  project.provide('previews', previews);
  await buildFunctions();
}

export function teardown(): void {
  rmSync(previews, { recursive: true, force: true });
}
