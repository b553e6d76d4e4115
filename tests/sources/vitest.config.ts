import { defineConfig } from 'vitest/config';

/** Tests with servers that `npm test` does not need. */
export default defineConfig({
  test: {
    include: ['tests/sources/*.source.ts'],
    globalSetup: ['tests/build.setup.ts'],
    testTimeout: 900_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 120_000, interval: 200 } },
    // Each file starts servers of its own, on cores that they share.
    fileParallelism: false,
    pool: 'forks',
  },
});
