import { defineConfig } from 'vitest/config';

// Two cores: files run in parallel, each starting its own broker and database on free ports where it needs them.
export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    globalSetup: ['tests/build.setup.ts'],
    exclude: ['node_modules', 'dist', '.local'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    pool: 'forks',
  },
});
