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
        files = registry.render(rows)
        registry.verify(*files)
        return files
    except registry.RegistryError as error:
        return str(error)
print(json.dumps([attempt(rows) for rows in json.load(sys.stdin)]))`;

/** What Python makes of each registry: both files, or why it is refused. */
function inPython(registries: Row[][]): ([string, string] | string)[] {
  const run = spawnSync('/usr/bin/python3', ['-B', '-c', PROGRAM, BIN], {
    input: JSON.stringify(registries),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (run.status !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout);
}

function inTypeScript(rows: Row[]): [string, string] | undefined {
  try {
    const { passwords, acl } = renderRegistry(
      rows.map(([kind, username, purpose, tenant, device, passwordHash, kept]) => {
        const former = kept ?? undefined;
        return kind === 'device'
          ? { kind, tenant, device, passwordHash, former }
          : { kind, username, purpose, passwordHash, former };
      }) as RegistryEntry[],
    );
    return [passwords, acl];
  } catch {
    return undefined;
  }
}

const hash = await hashKey('key', new Uint8Array(12));
/** Everything that two files may hold. */
const good: Row[] = [
  ['service', 'svc-ingest', 'ingest', '', '', hash, ['sensors', 'devices']],
  ['device', 'acme.pump-1', '', 'acme', 'pump-1', hash, ['sensors/1', 'devices/AA:bb_1.2-3']],
  ['service', 'svc-control', 'control', '', '', hash, null],
  ['device', 'a.0', '', 'a', '0', hash, null],
];

test('the vectors that registry.ts is held to: the same bytes, the same refusals', () => {
  const accepted = inPython(vectors.accepted.map(({ rows }) => rows as Row[]));
  expect(accepted).toEqual(vectors.accepted.map(({ passwords, acl }) => [passwords, acl]));
  for (const [index, refusal] of inPython(vectors.refused.map(({ rows }) => rows as Row[])).entries()) {
    const { what, reason } = vectors.refused[index]!;
    expect(refusal, what).toBeTypeOf('string');
    expect(refusal, what).toContain(reason);
    expect(refusal, what).not.toContain(hash.slice(20));
  }
});

test('and whether ingest has connected, by a line of the log', () => {
  const program = `
import json, sys
sys.path.insert(0, sys.argv[1])
from mqtt_saas.contract import INGEST_CONNECTED
print(json.dumps([INGEST_CONNECTED.search(text) is not None for text in json.load(sys.stdin)]))`;
  const { stdout } = spawnSync('/usr/bin/python3', ['-B', '-c', program, BIN], {
    input: JSON.stringify(vectors.log.map(({ text }) => text)),
    encoding: 'utf8',
  });
  expect(JSON.parse(stdout)).toEqual(vectors.log.map(({ isIngest }) => isIngest));
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
    expect(typeof answer === 'string' ? undefined : answer, JSON.stringify(rows)).toEqual(expected);
  }
  expect(accepted).toBeGreaterThan(300);
  expect(accepted).toBeLessThan(2900);
  expect(keeping).toBeGreaterThan(50);
});

/** Two lines of the ACL file, the other way round. */
const swapped =
  (first: string, second: string) =>
  ([passwords, acl]: [string, string]): [string, string] => [passwords, acl.replace(first + second, second + first)];

test.each<[string, (files: [string, string]) => [string, string]]>([
  ['half a password file', ([passwords, acl]) => [passwords.slice(0, -10), acl]],
  ['half an ACL file', ([passwords, acl]) => [passwords, acl.slice(0, -10)]],
  [
    'more rights than a device has',
    ([passwords, acl]) => [passwords, acl.replace('write tenants', 'readwrite tenants')],
  ],
  ["another device's rights", ([passwords, acl]) => [passwords, acl.replaceAll('devices/pump-1', 'devices/pump-2')]],
  ['rights for everybody', ([passwords, acl]) => [passwords, acl.replace('\nuser', '\ntopic read #\n\nuser')]],
  [
    "another device's former topic",
    ([passwords, acl]) => [passwords, acl.replace(/a\.0\n(topic .*\n){3}/, '$&topic write sensors/1/#\n')],
  ],
  ['a former topic to read', ([passwords, acl]) => [passwords, acl.replace('write sensors/1', 'read sensors/1')]],
  ['a former topic to write and read', ([passwords, acl]) => [passwords, acl.replace('write sensors', 'sensors')]],
  [
    'a wildcard in a former topic',
    ([passwords, acl]) => [passwords, acl.replace('write sensors/1', 'write sensors/+')],
  ],
  ['everything as a former topic', ([passwords, acl]) => [passwords, acl.replace('write sensors/1/#', 'write #')]],
  ['more rights than control has', ([passwords, acl]) => [passwords, acl.replace('write tenants/+', 'write +')]],
  ['everything for ingest', ([passwords, acl]) => [passwords, acl.replace('read devices/+/#', 'read #')]],
  [
    "the platform's tree as former for ingest",
    ([passwords, acl]) => [passwords, acl.replace('read sensors/+/#', 'read tenants/+/#')],
  ],
  ['former topics in another order', swapped('topic write devices/AA:bb_1.2-3/#\n', 'topic write sensors/1/#\n')],
  ["ingest's former topics in another order", swapped('topic read devices/+/#\n', 'topic read sensors/+/#\n')],
  ["the platform's tree as former", ([passwords, acl]) => [passwords, acl.replace('sensors/1', 'tenants/b')]],
  ['a user without a password', ([passwords, acl]) => [passwords.split('\n').slice(1).join('\n'), acl]],
  ['a user without rights', ([passwords, acl]) => [`${passwords}zz.zz:${hash}\n`, acl]],
])('%s does not pass the check before it is written', (_, damage) => {
  const program = `
import json, sys
sys.path.insert(0, sys.argv[1])
from mqtt_saas import registry
registry.verify(*json.load(sys.stdin))`;
  const verify = (files: [string, string]) =>
    spawnSync('/usr/bin/python3', ['-B', '-c', program, BIN], {
      input: JSON.stringify(files),
      encoding: 'utf8',
    });
  const files = inTypeScript(good)!;
  expect(verify(files).stderr).toBe('');
  expect(damage(files)).not.toEqual(files);
  expect(verify(damage(files)).stderr).toContain('registry.RegistryError');
});
