import { defineConfig } from 'vitest/config';

// The dashboard end to end: one platform and one browser for all files, so they run one after the other.
export default defineConfig({
  test: {
    include: ['tests/dashboard/*.e2e.ts'],
    globalSetup: ['tests/dashboard/platform.setup.ts'],
    // Generous: a busy machine must not fail a test. A hanging test still ends.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    pool: 'forks',
  },
});
