import { defineConfig } from 'vitest/config';

/** Tests with servers that `npm test` does not need. */
export default defineConfig({
  test: {
    include: ['tests/sources/*.test.ts'],
    globalSetup: ['tests/build.setup.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 30_000 } },
    // Each file starts servers of its own, on cores that they share.
    fileParallelism: false,
    pool: 'forks',
  },
});
