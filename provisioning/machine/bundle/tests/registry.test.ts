// The machine's Python renders what registry.ts renders, and refuses what it refuses.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashKey } from '../../../../domain/credentials.ts';
import { type RegistryEntry, renderRegistry } from '../../../broker/registry.ts';
import vectors from '../../../broker/registry.vectors.json' with { type: 'json' };
import { programsFolder } from '../testing/programs.ts';

const BIN = join(programsFolder(), 'bin');

/** A row of broker.registry, in the order that the agent reads its columns. */
type Row = [
  kind: string,
  username: string,
  purpose: string,
  tenant: string,
  device: string,
  passwordHash: string,
  former?: string[] | null,
];

const PROGRAM = `
import json, sys
sys.path.insert(0, sys.argv[1])
from mqtt_saas import registry
def attempt(rows):
    try:
        text = registry.render(rows)
        registry.verify(text)
        return {'file': text}
    except registry.RegistryError as error:
        return str(error)
print(json.dumps([attempt(rows) for rows in json.load(sys.stdin)]))`;

/** What Python makes of each registry: the file, or why it is refused. */
function inPython(registries: Row[][]): ({ file: string } | string)[] {
  const run = spawnSync('/usr/bin/python3', ['-B', '-c', PROGRAM, BIN], {
    input: JSON.stringify(registries),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (run.status !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout);
}

function inTypeScript(rows: Row[]): string | undefined {
  try {
    return renderRegistry(
      rows.map(([kind, username, purpose, tenant, device, passwordHash, kept]) => {
        const former = kept ?? undefined;
        return kind === 'device'
          ? { kind, tenant, device, passwordHash, former }
          : { kind, username, purpose, passwordHash, former };
      }) as RegistryEntry[],
    );
  } catch {
    return undefined;
  }
}

const hash = await hashKey('key', new Uint8Array(12));
/** Everything that a file may hold. */
const good: Row[] = [
  ['service', 'svc-ingest', 'ingest', '', '', hash, ['sensors', 'devices']],
  ['device', 'acme.pump-1', '', 'acme', 'pump-1', hash, ['sensors/1', 'devices/AA:bb_1.2-3']],
  ['service', 'svc-control', 'control', '', '', hash, null],
  ['device', 'a.0', '', 'a', '0', hash, null],
];

test('the vectors that registry.ts is held to: the same bytes, the same refusals', () => {
  const accepted = inPython(vectors.accepted.map(({ rows }) => rows as Row[]));
  expect(accepted).toEqual(vectors.accepted.map(({ file }) => ({ file })));
  for (const [index, refusal] of inPython(vectors.refused.map(({ rows }) => rows as Row[])).entries()) {
    const { what, reason } = vectors.refused[index]!;
    expect(refusal, what).toBeTypeOf('string');
    expect(refusal, what).toContain(reason);
    expect(refusal, what).not.toContain(hash.slice(20));
  }
});

test('whatever the rows hold, both agree', () => {
  const slug = fc.oneof(
    { weight: 20, arbitrary: fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,8}$/) },
    fc.stringMatching(/^[a-z0-9.\n+#/ $-]{0,6}$/),
    fc.string({ unit: 'binary' }),
  );
  const username = fc.oneof({ weight: 9, arbitrary: slug.map((text) => `svc-${text}`) }, slug);
  const purpose = fc.constantFrom('ingest', 'control', 'ingest', 'control', '', 'toString');
  const hashes = fc.oneof({ weight: 30, arbitrary: fc.constant(hash) }, fc.string());
  const word = fc.oneof(
    { weight: 20, arbitrary: fc.stringMatching(/^[A-Za-z0-9._:-]{1,3}$/) },
    fc.constantFrom('tenants', 'probe', '', '+', '#', '$SYS', 'a\n'),
    fc.string({ unit: 'binary' }),
  );
  const kept = (what: fc.Arbitrary<string>) =>
    fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, fc.array(what, { maxLength: 3 }));
  const topic = fc.oneof({ weight: 9, arbitrary: fc.tuple(word, word).map((levels) => levels.join('/')) }, word);
  const row = fc.oneof(
    fc.tuple(fc.constant('device'), fc.constant(''), fc.constant(''), slug, slug, hashes, kept(topic)),
    fc.tuple(fc.constant('service'), username, purpose, fc.constant(''), fc.constant(''), hashes, kept(word)),
  );
  const registries = fc.sample(fc.array(row, { maxLength: 6 }), 3000) as Row[][];
  const answers = inPython(registries);
  let accepted = 0;
  let keeping = 0;
  for (const [index, rows] of registries.entries()) {
    const expected = inTypeScript(rows);
    if (expected) accepted += 1;
    if (expected && rows.some(([kind, , , , , , kept]) => kind === 'device' && kept?.length)) keeping += 1;
    const answer = answers[index]!;
    expect(typeof answer === 'string' ? undefined : answer.file, JSON.stringify(rows)).toBe(expected);
  }
  expect(accepted).toBeGreaterThan(300);
  expect(accepted).toBeLessThan(2900);
  expect(keeping).toBeGreaterThan(50);
});

/** Two words of a line, the other way round. */
const swapped = (first: string, second: string) => (file: string) =>
  file.replace(`${first} ${second}`, `${second} ${first}`);

test.each<[string, (file: string) => string]>([
  ['half a file', (file) => file.slice(0, -10)],
  ['a file without its first line', (file) => file.replace(/^#.*\n/, '')],
  ['more rights than a device has', (file) => file.replace(/^(a\.0 \S+)/m, '$1 read:tenants/#')],
  ["another device's former topic", (file) => file.replace(/^(a\.0 \S+)/m, '$1 write:sensors/1/#')],
  ['a former topic to read', (file) => file.replace('write:sensors/1', 'read:sensors/1')],
  ['a wildcard in a former topic', (file) => file.replace('write:sensors/1', 'write:sensors/+')],
  ['everything as a former topic', (file) => file.replace('write:sensors/1/#', 'write:#')],
  ['more rights than control has', (file) => file.replace('write:tenants/+', 'write:+')],
  ['everything for ingest', (file) => file.replace('read:devices/+/#', 'read:#')],
  ["the platform's tree as former for ingest", (file) => file.replace('read:sensors/+/#', 'read:tenants/+/#')],
  ['former topics in another order', swapped('write:devices/AA:bb_1.2-3/#', 'write:sensors/1/#')],
  ["ingest's former topics in another order", swapped('read:devices/+/#', 'read:sensors/+/#')],
  ["the platform's tree as former", (file) => file.replace('write:sensors/1', 'write:tenants/b')],
  ['a user without a hash', (file) => file.replace(/^a\.0 \S+/m, 'a.0')],
  ['a user twice', (file) => file.replace(/^a\.0 .*\n/m, '$&$&')],
  ['users in another order', (file) => file.replace(/^(a\.0 .*\n)(acme.*\n)/m, '$2$1')],
])('%s does not pass the check before it is written', (_, damage) => {
  const program = `
import json, sys
sys.path.insert(0, sys.argv[1])
from mqtt_saas import registry
registry.verify(json.load(sys.stdin))`;
  const verify = (file: string) =>
    spawnSync('/usr/bin/python3', ['-B', '-c', program, BIN], {
      input: JSON.stringify(file),
      encoding: 'utf8',
    });
  const file = inTypeScript(good)!;
  expect(verify(file).stderr).toBe('');
  expect(damage(file)).not.toEqual(file);
  expect(verify(damage(file)).stderr).toContain('registry.RegistryError');
});
