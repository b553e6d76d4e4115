import { defineConfig } from 'vitest/config';
import { SOAK } from './tests/soak/vitest.config.ts';

/** Tests of plain functions: they start nothing, and leave nothing behind that the next file would see. */
const PLAIN = [
  'domain/**',
  'policies/*/**',
  'apps/dashboard/{language,ui,features/{alerts,audit,telemetry,tenants}}/**',
].map((files) => `${files}/*.test.ts`);

// Files run in parallel, each starting its own broker and database on free ports where it needs them.
export default defineConfig({
  test: {
    // Generous: a busy machine must not fail a test. A hanging test still ends.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 30_000 } },
    // For two cores: two thirds of the time a file waits, for a queue to be quiet, a restart, a reload's turn, a child.
    maxWorkers: 6,
    pool: 'forks',
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['**/*.test.ts'],
          exclude: ['node_modules', 'dist', '.local', ...PLAIN, ...SOAK],
          globalSetup: ['tests/build.setup.ts'],
        },
      },
      // Half of what such a file takes is the start of a process: several share one.
      { extends: true, test: { name: 'plain', include: PLAIN, isolate: false } },
    ],
  },
});
