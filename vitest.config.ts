import { defineConfig } from 'vitest/config';

// Files run in parallel, each starting its own broker and database on free ports where it needs them.
export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    globalSetup: ['tests/build.setup.ts'],
    exclude: ['node_modules', 'dist', '.local'],
    // Generous: a busy machine must not fail a test. A hanging test still ends.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // For two cores: two thirds of the time a file waits, for a queue to be quiet, a restart, a reload's turn, a child.
    maxWorkers: 6,
    pool: 'forks',
  },
});
