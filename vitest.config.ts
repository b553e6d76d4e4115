import { defineConfig } from 'vitest/config';

// Two cores: files run in parallel, each starting its own broker and database on free ports where it needs them.
export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    globalSetup: ['tests/build.setup.ts'],
    exclude: ['node_modules', 'dist', '.local'],
    // Generous: a busy machine is no failure. What hangs is ended all the same.
    testTimeout: 90_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    pool: 'forks',
  },
});
