// Before any test: builds the functions once, so that tests run the bundle that is deployed and not the sources; and makes the
// folder of what the run's tests share: previews (stacks/testing/shared-preview.ts) and templates of scratch databases.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { COMPILE_CACHE } from '../bootstrap/root.mjs';
import { TEMPLATES } from '../lab/scratch-postgres.ts';
import { buildFunctions } from '../provisioning/functions/build.ts';

const shared = mkdtempSync(join(tmpdir(), 'shared-by-tests-'));

export async function setup(project: TestProject): Promise<void> {
  project.provide('previews', shared);
  process.env[TEMPLATES] = shared;
  // Tests start the operator's commands over and over; with it each takes half the time.
  process.env.NODE_COMPILE_CACHE ??= COMPILE_CACHE;
  await buildFunctions();
}

export function teardown(): void {
  rmSync(shared, { recursive: true, force: true });
}
