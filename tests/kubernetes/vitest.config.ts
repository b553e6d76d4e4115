import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/kubernetes/*.scenario.ts'],
    globalSetup: ['tests/build.setup.ts'],
    // Generous: a busy machine must not fail a test. A hanging test still ends.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // One cluster after the other.
    fileParallelism: false,
    pool: 'forks',
  },
});
