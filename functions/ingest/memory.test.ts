// Memory stays bounded however long the queue is and however long the database is away.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { drainIn, MOST_MIB } from '../../bench/support/ingest-shapes.ts';
import { peakMiB } from '../../bench/support/processes.ts';
import { ROOT } from '../../bootstrap/root.mjs';
import { type Lab, MANY_SESSIONS, startLab } from '../../lab/lab.ts';
import { startProxy, type TcpProxy } from '../../lab/proxy.ts';
import { BOMBS } from '../../tests/support/bombs.ts';
import { keepLog, never } from '../../tests/support/keep-log.ts';
import { runOnce } from './run.ts';

let rig: Lab;
let database: TcpProxy;
beforeAll(async () => {
  rig = await startLab({ devices: 2, broker: MANY_SESSIONS });
  database = await startProxy(rig.postgres.port);
});
afterAll(async () => {
  await database.stop();
  await rig.stop();
});

test('a queue of 40 MB behind a database that goes away does not come into memory', async () => {
  const device = rig.devices[0]!;
  await runOnce(rig.settings('memory'), keepLog().log, never);
  const filler = 'x'.repeat(4000);
  const reading = (n: number) => `{"ts":${1_790_000_000 + n},"filler":"${filler}"}`;
  for (let part = 0; part < 10; part++) {
    await device.publish(Array.from({ length: 1000 }, (_, n) => reading(part * 1000 + n)));
  }
  const url = new URL(rig.env('memory').EXTERNAL_DATABASE_CONNECTION_STRING!);
  url.port = String(database.port);
  const worker = spawn(process.execPath, [join(ROOT, 'dist/functions/main.mjs'), '--mode', 'worker'], {
    env: rig.env('memory', { EXTERNAL_DATABASE_CONNECTION_STRING: url.href, LOG_LEVEL: 'debug' }),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void worker.kill('SIGKILL'));
  let output = '';
  worker.stdout.on('data', (chunk) => {
    output += chunk;
  });
  await expect.poll(() => output).toContain('batch committed');
  database.cut();
  await sleep(2000);
  expect(output).toContain('batch not written, will try again');
  database.restore();
  await expect.poll(() => rig.rows(device).then((rows) => rows.length), { timeout: 120_000 }).toBe(10_000);
  const peak = peakMiB(worker.pid!);
  worker.kill('SIGTERM');
  await once(worker, 'exit');
  expect(peak).toBeGreaterThan(0);
  expect(peak).toBeLessThan(MOST_MIB.worker);
});

/** Messages on their way to the broker: below the gate's bound for a tenant. */
const AT_ONCE = 500;

/** Of kinds that are stored fewer: `npm run bench -- memory` drains ten thousand of each, a gigabyte of rows. */
const DRAINS: Record<string, number>[] = [
  {
    'gzip of a text': 300,
    'gzip of 1,000 readings': 20,
    'CBOR in gzip': 300,
    'gzip that lies about its size': 300,
    'gzip of a number that no jsonb holds': 10_000,
  },
  { 'gzip that lies about its size': 10_000 },
  { 'deflate under the name of gzip': 10_000 },
];

test.each(['worker', 'functions'] as const)(
  'as %s, small messages that become large do not come into memory together',
  async (shape) => {
    const id = `bombs-${shape}`;
    await runOnce(rig.settings(id), keepLog().log, never);
    const peaks: number[] = [];
    const fates: unknown[] = [];
    for (const kinds of DRAINS) {
      for (const [kind, count] of Object.entries(kinds)) {
        const { contentType = '', make } = BOMBS[kind]!;
        for (let from = 0; from < count; from += AT_ONCE) {
          const payloads = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, n) => make(from + n));
          await rig.devices[1]!.publish(payloads, { properties: { contentType } });
        }
      }
      const { peak, summary } = await drainIn(shape, rig.env(id, { INGEST_BATCH_CAP: '100000' }));
      peaks.push(peak);
      fates.push([summary.outcome, summary.received, summary.rejected]);
    }
    expect(fates).toEqual([
      ['idle', 30_900, 10_300],
      ['idle', 10_000, 10_000],
      ['idle', 10_000, 10_000],
    ]);
    expect(Math.min(...peaks)).toBeGreaterThan(0);
    expect(Math.max(...peaks)).toBeLessThan(MOST_MIB[shape]);
  },
  240_000,
);
