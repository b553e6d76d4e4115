import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/failover/*.drill.ts'],
    globalSetup: ['tests/build.setup.ts'],
    testTimeout: 400_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 150_000, interval: 500 } },
    // One network for all of them.
    fileParallelism: false,
    pool: 'forks',
  },
});
