// The health page while a part is dead, with a worker and with the Function App's runs: how soon it says so, and that it is well again by
// itself.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Lab, startLab } from '../../lab/lab.ts';
import { runOnce } from '../ingest/run.ts';
import { everyMinute } from '../periodic/every-minute.ts';
import { createLogger } from '../runtime/log.ts';
import { readHealthSettings } from '../settings/health.ts';
import { readIngestSettings } from '../settings/ingest.ts';
import { makePages, type Pages } from './pages.ts';

/** It promises 5 s, and 10 s back (docs/monitoring.md). How long it took is printed: a busy machine takes longer. */
const WITHIN = { timeout: 60_000, interval: 100 };

let rig: Lab;
let pages: Pages;
beforeAll(async () => {
  rig = await startLab({ devices: 1, worker: true });
  pages = makePages(readHealthSettings(rig.env('health')));
});
afterAll(async () => {
  await pages?.close();
  await rig?.stop();
});

const health = async () => {
  const { status, body } = await pages.health();
  return { code: status, ...(JSON.parse(body) as { checks: Record<string, string> }) };
};
/** Milliseconds of what the page needs, for the log. */
const timed = async (what: string, wait: PromiseLike<void>) => {
  const began = performance.now();
  await wait;
  console.log(`${what} after ${Math.round(performance.now() - began)} ms`);
};

test('the control loop of a worker that goes on', async () => {
  await expect.poll(health, WITHIN).toMatchObject({ code: 200, checks: { control: 'ok' } });
  await rig.admin.query('revoke execute on function ingest.control_work(int, int) from mqtt_ingest');
  const dead = { code: 503, checks: { ingest: 'ok', control: expect.stringContaining('does not run') } };
  // Its next turn has to fail first.
  await timed('dead', expect.poll(health, WITHIN).toMatchObject(dead));
  await rig.admin.query('grant execute on function ingest.control_work(int, int) to mqtt_ingest');
  await timed('well', expect.poll(health, WITHIN).toMatchObject({ code: 200 }));
});

test('a worker that is killed, and one that takes over', async () => {
  rig.worker.child.kill('SIGKILL');
  const dead = { code: 503, checks: { database: 'ok', broker: 'ok', ingest: expect.stringContaining('does not run') } };
  await timed('dead', expect.poll(health, WITHIN).toMatchObject(dead));
  rig.startWorker();
  await timed('well', expect.poll(health, WITHIN).toMatchObject({ code: 200 }));
});

test('a worker that is stopped in good order gives its lease back, and the next one is well at once', async () => {
  await rig.worker.stop();
  await timed('dead', expect.poll(health, WITHIN).toMatchObject({ code: 503 }));
  rig.startWorker();
  await timed('well', expect.poll(health, WITHIN).toMatchObject({ code: 200 }));
});

/** Postgres answers from processes of its own. */
const family = (pid: number) => [
  pid,
  ...readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
];

test.each([
  ['broker', { database: 'ok', broker: 'does not accept a connection' }],
  ['postgres', { broker: 'ok', database: 'no answer within 3 s' }],
] as const)('a %s that hangs', async (part, checks) => {
  const held = family(rig[part].child.pid as number);
  for (const pid of held) process.kill(pid, 'SIGSTOP');
  try {
    await timed('dead', expect.poll(health, WITHIN).toMatchObject({ code: 503, checks }));
  } finally {
    for (const pid of held) process.kill(pid, 'SIGCONT');
  }
  await timed('well', expect.poll(health, WITHIN).toMatchObject({ code: 200 }));
});

describe("the Function App's runs", () => {
  const silent = { info: () => {}, warn: () => {}, error: () => {} };
  const ingest = (environment = {}) =>
    runOnce(
      readIngestSettings(rig.env('health', environment)),
      createLogger('test', { level: 'silent', pretty: false }),
      new AbortController().signal,
    );
  const minute = async () => {
    await rig.admin.query('delete from ingest.job_runs');
    return everyMinute(silent, rig.env('health'));
  };
  beforeAll(async () => {
    await rig.worker.stop();
    await ingest();
    await minute();
  });

  test('take over from a worker', async () => {
    await expect.poll(health, WITHIN).toMatchObject({ code: 200, checks: { ingest: 'ok', control: 'ok' } });
  });

  test('a run of ingest that fails, and the next one', async () => {
    expect(await ingest({ MQTT_BROKER_PASSWORD: 'wrong', INGEST_TIME_GUARD_MS: '1000' })).toMatchObject({
      outcome: 'broker-unavailable',
    });
    const dead = { code: 503, checks: { broker: 'ok', control: 'ok', ingest: expect.stringContaining('or fails') } };
    await timed('dead', expect.poll(health, WITHIN).toMatchObject(dead));
    await ingest();
    await timed('well', expect.poll(health, WITHIN).toMatchObject({ code: 200 }));
  });

  test('a turn of the control loop that fails, and the next one', async () => {
    await rig.admin.query('revoke execute on function ingest.control_work(int, int) from mqtt_ingest');
    expect(await minute()).toMatchObject({ outcome: 'failed' });
    const dead = { code: 503, checks: { ingest: 'ok', control: expect.stringContaining('or fails') } };
    await timed('dead', expect.poll(health, WITHIN).toMatchObject(dead));
    await rig.admin.query('grant execute on function ingest.control_work(int, int) to mqtt_ingest');
    await minute();
    await timed('well', expect.poll(health, WITHIN).toMatchObject({ code: 200 }));
  });

  test.each([
    ['ingest', 90, ingest],
    ['control', 120, minute],
  ] as const)(
    '%s that is not started any more is late after %i seconds, and well after the next run',
    async (part, seconds, run) => {
      const pass = (by: number) =>
        rig.admin.query('update ingest.beats set late_at = late_at - make_interval(secs => $2) where part = $1', [
          part,
          by,
        ]);
      await run();
      await pass(seconds - 30);
      await expect.poll(health, WITHIN).toMatchObject({ code: 200 });
      await pass(30);
      const dead = { code: 503, checks: { [part]: expect.stringContaining('does not run') } };
      await timed('dead', expect.poll(health, WITHIN).toMatchObject(dead));
      await run();
      await timed('well', expect.poll(health, WITHIN).toMatchObject({ code: 200 }));
    },
  );
});
