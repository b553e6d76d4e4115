import { defineConfig } from 'vitest/config';

/** Tests that take longest: under kills and bombs, with a real Prometheus, dumps and restores, whole platforms, and of many previews. `npm test` leaves them out. */
export const SOAK = [
  'apps/dashboard/features/devices/snippets.test.ts',
  'functions/control/*.test.ts',
  'functions/health/deaths.test.ts',
  'functions/ingest/{memory,silence}.test.ts',
  'functions/notify/{kills,told}.test.ts',
  'functions/questions/{ask,caps,concurrency,injection,spending}.test.ts',
  'ops/archive/*.test.ts',
  'ops/backup/{backup,restore}.test.ts',
  'local/kills.test.ts',
  'ops/adopt/{adopt,refused}.test.ts',
  'ops/adopt/database/shapes.test.ts',
  'ops/{daily,db,store}.test.ts',
  'provisioning/broker/gate-backlog.test.ts',
  'provisioning/database/account.test.ts',
  'provisioning/database/device-list.test.ts',
  'provisioning/database/{alert-bounds,lasting-rules}.test.ts',
  'stacks/impact.test.ts',
  'tests/adoption/never-stops.test.ts',
  'tests/data-out.test.ts',
  'tests/monitoring/*.test.ts',
  'tests/rotation.test.ts',
  'tests/runbooks.test.ts',
  'tests/start.test.ts',
  'tests/year.test.ts',
];

export default defineConfig({
  test: {
    include: SOAK,
    globalSetup: ['tests/build.setup.ts'],
    // Generous: a busy machine must not fail a test. A hanging test still ends.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 30_000 } },
    maxWorkers: 6,
    pool: 'forks',
  },
});
