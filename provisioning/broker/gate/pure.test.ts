// The gate's pure parts, compiled alone: the stamp by the vectors that ingest is held to, topics, filters, the registry file.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BUILT, GATE_MACHINES, gateFile, sourcesHash } from '../gate.ts';
import vectors from '../registry.vectors.json' with { type: 'json' };
import stamps from './stamp.vectors.json' with { type: 'json' };
import { compile } from './testing/compile.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gate-'));
  compile('vectors.c', join(folder, 'vectors'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Each question's answer. */
function ask(questions: string[][]): string[] {
  const input = questions.map((words) => `${words.join('\t')}\n`).join('');
  const answers = execFileSync(join(folder, 'vectors'), { input, encoding: 'utf8' }).split('\n').slice(0, -1);
  expect(answers).toHaveLength(questions.length);
  return answers;
}

test('SipHash-2-4 by its reference vectors', () => {
  const { key, macs } = stamps.siphash;
  const data = (length: number) => Buffer.from(Array.from({ length }, (_, n) => n)).toString('hex');
  expect(ask(macs.map((_, length) => ['mac', key, data(length)]))).toEqual(macs);
});

test('the stamps that ingest takes for genuine', () => {
  const questions = stamps.stamps.map(({ key, topic, stamp }) => {
    const [ms = '', boot = '', counter = '', note = ''] = stamp.split('.');
    return ['stamp', key, topic, ms, boot, counter, note];
  });
  expect(ask(questions)).toEqual(stamps.stamps.map(({ stamp }) => stamp));
});

test.each([
  ['acme.pump-1', 'tenants/acme/devices/pump-1/telemetry', 'telemetry'],
  ['acme.pump-1', 'tenants/acme/devices/pump-1/a/b', 'a/b'],
  ['acme.pump-1', 'tenants/acme/devices/pump-1/', ''],
  ['acme.pump-1', 'tenants/acme/devices/pump-1', 'no'],
  ['acme.pump-1', 'tenants/acme/devices/pump-10/telemetry', 'no'],
  ['acme.pump-1', 'tenants/acmes/devices/pump-1/telemetry', 'no'],
  ['acme.pump-1', 'tenants/ac/devices/pump-1/telemetry', 'no'],
  ['svc-ingest', 'tenants/svc-ingest/devices//x', 'no'],
])("what %s has of %s is '%s'", (user, topic, rest) => {
  expect(ask([['own', user, topic]])).toEqual([rest]);
});

test.each([
  ['a/b', 'a/b', 'yes'],
  ['a/+', 'a/b', 'yes'],
  ['a/+', 'a/', 'yes'],
  ['a/+', 'a/b/c', 'no'],
  ['a/+', 'a', 'no'],
  ['a/#', 'a', 'yes'],
  ['a/#', 'a/b/c', 'yes'],
  ['a/+/#', 'a', 'no'],
  ['+/b', 'a/b', 'yes'],
  ['#', '$SYS/x', 'no'],
  ['+/x', '$SYS/x', 'no'],
  ['$SYS/#', '$SYS/x', 'yes'],
  ['a', 'ab', 'no'],
])('the filter %s and the topic %s: %s', (filter, topic, answer) => {
  expect(ask([['match', filter, topic]])).toEqual([answer]);
});

test.each([
  ['a/+/#', 'a/+/#', 'yes'],
  ['a/+/#', 'a/b/c', 'yes'],
  ['a/+/#', 'a/+/c/+', 'yes'],
  ['a/+', 'a/#', 'no'],
  ['a/+', '+/b', 'no'],
  ['a/b', 'a/+', 'no'],
  ['a/#', '#', 'no'],
  ['#', '$share/g/a', 'no'],
])('a right to %s covers a subscription to %s: %s', (right, filter, answer) => {
  expect(ask([['covers', right, filter]])).toEqual([answer]);
});

test.each([
  ['a/+/#', 'yes'],
  ['#', 'yes'],
  ['a/#/b', 'no'],
  ['a+/b', 'no'],
  ['', 'no'],
])('the filter %s is valid: %s', (filter, answer) => {
  expect(ask([['valid', filter]])).toEqual([answer]);
});

test.each([
  ['0', '100000', 'no'],
  ['105000', '100000', 'yes'],
  ['100000', '100000', 'no'],
  // The clock was set back by an hour.
  ['3705000', '100000', 'no'],
])('who is cut off until %s ms is kept out at %s: %s', (until, now, answer) => {
  expect(ask([['banned', until, now]])).toEqual([answer]);
});

test.each([
  ['700', '1000', '0', '3600000', 'no'],
  ['900', '1000', '0', '59999', 'no'],
  ['900', '1000', '0', '60000', 'yes'],
  ['900', '0', '0', '60000', 'no'],
  // The clock was set back.
  ['900', '1000', '3600000', '1000', 'yes'],
])('a count of %s messages, of at most %s, that ingest told of at %s ms is doubtful at %s: %s', (...words) => {
  expect(ask([['doubtful', ...words.slice(0, 4)]])).toEqual([words[4]]);
});

test('takes what the agents write, and nothing without ingest', () => {
  const file = join(folder, 'registry');
  const answers = vectors.accepted.map((vector) => {
    writeFileSync(file, vector.file);
    return ask([['registry', file]])[0];
  });
  const expected = vectors.accepted.map(({ rows, file }) =>
    file.includes('svc-ingest ')
      ? expect.stringMatching(new RegExp(`^${rows.length} accounts`))
      : expect.stringContaining('no account for ingest'),
  );
  expect(answers).toEqual(expected);
});

test('the built files are of these sources: else run `npm run build:gate`', () => {
  expect(readFileSync(join(BUILT, 'sources.sha256'), 'utf8').trim()).toBe(sourcesHash());
  for (const arch of Object.keys(GATE_MACHINES))
    expect(readFileSync(gateFile(arch)).subarray(1, 4).toString()).toBe('ELF');
});

test('damaged input of every kind: no sanitizer finds anything', () => {
  compile('fuzz.c', join(folder, 'fuzz'));
  const seed = String(Date.now());
  const { status, stdout, stderr } = spawnSync(join(folder, 'fuzz'), [seed, '200000'], { encoding: 'utf8' });
  expect({ status, stderr, seed }).toEqual({ status: 0, stderr: '', seed });
  expect(stdout).toMatch(/^200000 executions/);
});
