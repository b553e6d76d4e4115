// The jq lines of docs/ingest.md answer their questions from a log that ingest really wrote.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import { MANY_SESSIONS, startLab } from '../../lab/lab.ts';
import { keepLog, never } from '../../tests/support/keep-log.ts';
import { runOnce } from './run.ts';

const hasJq = spawnSync('jq', ['--version']).status === 0;
if (!hasJq) console.log('skipped: jq is not installed (apt-get install jq)');
const withJq = test.skipIf(!hasJq);

const documentation = readFileSync(join(ROOT, 'docs/ingest.md'), 'utf8');
let dir: string;
let run: string;

beforeAll(async () => {
  const rig = await startLab({ devices: 1, broker: MANY_SESSIONS });
  const { log, text, lines } = keepLog('info');
  const once = (overrides?: Record<string, string>) => runOnce(rig.settings('log', overrides), log, never);
  await once();
  await rig.devices[0]!.publish(['{"id":1}', '{"id":1}', '{"id":2}', 'bad']);
  await rig.devices.at(-1)!.publish(['{"id":1}']);
  await once();
  await once({ MQTT_BROKER_PASSWORD: 'wrong', INGEST_TIME_GUARD_MS: '1000' });
  run = String(lines.find(({ stored }) => stored === 3)?.run);
  await rig.stop();
  dir = mkdtempSync(join(tmpdir(), 'mqtt-saas-'));
  const old = '{"level":"error","time":"2020-01-01T00:00:00.000Z","msg":"long ago"}';
  writeFileSync(join(dir, 'ingest.log'), `(node) a warning that is not JSON\n${old}\n${text()}`);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Runs the shell line that follows a question, and returns what it prints. */
function answer(question: string): Record<string, unknown>[] {
  const after = documentation.slice(documentation.indexOf(`\n${question}:\n`));
  const line = /```sh\n(jq .+)\n```/.exec(after)?.[1];
  if (!line) throw new Error(`docs/ingest.md has no jq line for: ${question}`);
  const printed = execFileSync('sh', ['-c', line.replace(' -nR ', ' -cnR ')], { cwd: dir, encoding: 'utf8' });
  return printed
    .trimEnd()
    .split('\n')
    .map((row) => JSON.parse(row));
}

withJq('what failed in the last hour', () => {
  const failures = answer('What failed in the last hour');
  expect(failures.map(({ msg }) => msg)).not.toContain('long ago');
  expect(failures.at(-1)).toMatchObject({ msg: 'mqtt_ingest run', outcome: 'broker-unavailable' });
  expect(failures).toContainEqual(
    expect.objectContaining({ error: expect.objectContaining({ code: expect.any(String) }) }),
  );
});

withJq('the slowest batches', () => {
  const [slowest, ...others] = answer('The slowest batches');
  expect(slowest).toMatchObject({ run, batches: expect.any(Number) });
  expect(others.every(({ slowestBatchMs }) => Number(slowestBatchMs) <= Number(slowest?.slowestBatchMs))).toBe(true);
});

withJq('duplicates by tenant', () => {
  expect(answer('Duplicates by tenant')).toEqual([
    { tenant: 'acme', received: 4, duplicate: 1 },
    { tenant: 'umbrella', received: 1, duplicate: 0 },
  ]);
});

withJq('readings a minute', () => {
  const [minutes] = answer('Readings a minute, and what was refused of them');
  const sum = (member: string) =>
    Object.values(minutes!).reduce((n: number, row) => n + (row as Record<string, number>)[member]!, 0);
  expect([sum('stored'), sum('rejected'), sum('overQuota')]).toEqual([3, 1, 0]);
});

test('every question has an answer in both languages', () => {
  const [, section] = documentation.split('## The log');
  expect(section!.match(/```kusto/g)).toHaveLength(4);
  expect(section!.match(/```sh\njq /g)).toHaveLength(4);
});
