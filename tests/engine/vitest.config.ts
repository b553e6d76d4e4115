import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/engine/*.scenario.ts'],
    globalSetup: ['tests/build.setup.ts', 'tests/engine/run.setup.ts'],
    // Generous: a busy machine must not fail a test. A hanging test still ends.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    maxWorkers: 2,
    maxConcurrency: 2,
    pool: 'forks',
  },
});
