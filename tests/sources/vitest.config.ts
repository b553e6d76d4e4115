import { defineConfig } from 'vitest/config';

// One file after the other: each has a Kafka and a database of its own.
export default defineConfig({
  test: {
    include: ['tests/sources/*.source.ts'],
    globalSetup: ['tests/build.setup.ts'],
    testTimeout: 900_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 120_000, interval: 200 } },
    fileParallelism: false,
    pool: 'forks',
  },
});
