import { defineConfig } from 'vitest/config';

/** Tests that take longest: under kills and bombs, dumps and restores, whole platforms, many previews. `npm test` leaves them out. */
export const SOAK = [
  'apps/dashboard/features/devices/snippets.test.ts',
  'functions/control/*.test.ts',
  'functions/health/deaths.test.ts',
  'functions/ingest/{account-handover,identity,memory,outage,silence}.test.ts',
  'functions/notify/{kills,told}.test.ts',
  'functions/questions/{ask,caps,concurrency,injection,spending}.test.ts',
  'local/kills.test.ts',
  'ops/adopt/database/shapes.test.ts',
  'ops/adopt/{adopt,refused}.test.ts',
  'ops/archive/*.test.ts',
  'ops/backup/{backup,restore}.test.ts',
  'ops/deploy/database.test.ts',
  'ops/rotate/steps.test.ts',
  'ops/{daily,db,store}.test.ts',
  'preview/all.test.ts',
  'provisioning/broker/gate-backlog.test.ts',
  'provisioning/database/{account,alert-bounds,attacks,device-list,lasting-rules,mutations}.test.ts',
  'provisioning/machine/bundle/tests/issue-certificate.test.ts',
  'stacks/{encryption-at-host,impact,odd}.test.ts',
  'tests/adoption/never-stops.test.ts',
  'tests/monitoring/*.test.ts',
  'tests/{canary,data-out,former-topics,rotation,runbooks,start,terminal,unsafe-plan,year}.test.ts',
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
