// The machine's Python renders what registry.ts renders, and refuses what it refuses.
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashKey } from '../../../../domain/credentials.ts';
import { type RegistryEntry, renderRegistry } from '../../registry.ts';

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
import registry
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
  const run = spawnSync('/usr/bin/python3', ['-B', '-c', PROGRAM, import.meta.dirname], {
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
const device = (tenant: string, slug: string, passwordHash = hash): Row => [
  ...(['device', `${tenant}.${slug}`, '', tenant, slug, passwordHash] as Row),
];
const service = (username: string, purpose = 'ingest', passwordHash = hash): Row => [
  ...(['service', username, purpose, '', '', passwordHash] as Row),
];
/** A row with the former topics it keeps. */
const keeping = (row: Row, ...former: string[]): Row => [
  ...(row.slice(0, 6) as [string, string, string, string, string, string]),
  former,
];
const good = [
  keeping(service('svc-ingest'), 'sensors', 'devices'),
  keeping(device('acme', 'pump-1'), 'sensors/1', 'devices/AA:bb_1.2-3'),
  service('svc-control', 'control'),
  device('a', '0'),
];

test('the same bytes, sorted, for devices and services', () => {
  const [files] = inPython([good]);
  expect(files).toEqual(inTypeScript(good));
  expect(files![0]).toMatch(/^a\.0:\$7\$/);
  expect(files![1]).toContain('commands/#\ntopic write devices/AA:bb_1.2-3/#\ntopic write sensors/1/#\n');
  expect(files![1]).toMatch(/telemetry\ntopic read devices\/\+\/#\ntopic read sensors\/\+\/#\n$/);
});

test.each<[string, Row]>([
  ['a wildcard in a device', device('acme', '+')],
  ['a line break after a slug', device('acme\n', 'd')],
  ['a separator', device('a/b', 'd')],
  ['a slug of 64 characters', device('a'.repeat(64), 'd')],
  ['a slug with a letter beyond ASCII', device('é', 'd')],
  ['an empty slug', device('', 'd')],
  ['a service named like a device', service('acme.pump-1')],
  ['a service name with a line break', service('svc-a\nuser b')],
  ['a service name that ends with a line break', service('svc-a\n')],
  ['an unknown purpose', service('svc-x', 'admin')],
  ['a purpose every object has', service('svc-x', 'constructor')],
  ['a password in clear', device('acme', 'd', 'hunter2')],
  ['a hash with a line break', device('acme', 'd', `${hash}\n`)],
  ['a hash of another kind', device('acme', 'd', hash.replace('$7$', '$6$'))],
  ['digits of another script in a hash', device('acme', 'd', hash.replace('101', '１０１'))],
  ['a name that is there already', device('acme', 'pump-1')],
  ['a former topic of another device', keeping(device('b', 'x'), 'sensors/1')],
  ['a former topic twice', keeping(device('b', 'x'), 'x/1', 'x/1')],
  ['a former topic of one level', keeping(device('b', 'x'), 'sensors')],
  ['a former topic of three levels', keeping(device('b', 'x'), 'x/1/2')],
  ['a former topic below another', keeping(device('b', 'x'), 'sensors/1/2')],
  ["a former topic among the platform's", keeping(device('b', 'x'), 'tenants/acme')],
  ["a former topic among the machine's own", keeping(device('b', 'x'), 'probe/1')],
  ["a former topic among the broker's", keeping(device('b', 'x'), '$SYS/broker')],
  ['a former topic with a wildcard', keeping(device('b', 'x'), 'devices/+')],
  ['a former topic with a line break', keeping(device('b', 'x'), 'x/1\ntopic readwrite #')],
  ['a former topic that ends with a line break', keeping(device('b', 'x'), 'x/1\n')],
  ['a former topic with an empty level', keeping(device('b', 'x'), 'x/')],
  ['a former topic of 65 characters a level', keeping(device('b', 'x'), `x/${'1'.repeat(65)}`)],
  ['a former topic with a space', keeping(device('b', 'x'), 'x/1 2')],
  ['a wildcard for ingest', keeping(service('svc-ingest-2'), '+')],
  ['more than a word for ingest', keeping(service('svc-ingest-2'), 'x/1')],
  ["the platform's tree for ingest", keeping(service('svc-ingest-2'), 'tenants')],
  ['former topics for another service', keeping(service('svc-x', 'control'), 'devices')],
])('%s is refused by both', (_, row) => {
  const rows = [...good, row];
  expect(inTypeScript(rows)).toBeUndefined();
  const [refusal] = inPython([rows]);
  expect(refusal).toBeTypeOf('string');
  expect(refusal).not.toContain(hash.slice(20));
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
  ['everything for ingest', ([passwords, acl]) => [passwords, acl.replace('read sensors/+/#', 'read #')]],
  ["the platform's tree as former", ([passwords, acl]) => [passwords, acl.replace('sensors/1', 'tenants/b')]],
  ['a user without a password', ([passwords, acl]) => [passwords.split('\n').slice(1).join('\n'), acl]],
  ['a user without rights', ([passwords, acl]) => [`${passwords}zz.zz:${hash}\n`, acl]],
])('%s does not pass the check before it is written', (_, damage) => {
  const program = `
import json, sys
sys.path.insert(0, sys.argv[1])
import registry
registry.verify(*json.load(sys.stdin))`;
  const verify = (files: [string, string]) =>
    spawnSync('/usr/bin/python3', ['-B', '-c', program, import.meta.dirname], {
      input: JSON.stringify(files),
      encoding: 'utf8',
    });
  const files = inTypeScript(good)!;
  expect(verify(files).stderr).toBe('');
  expect(damage(files)).not.toEqual(files);
  expect(verify(damage(files)).stderr).toContain('registry.RegistryError');
});
