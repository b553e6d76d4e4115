import { describe, expect, test } from 'vitest';
import { generateKey, hashKey } from '../../domain/credentials.ts';
import { REGISTRY_HEADER, type RegistryEntry, renderRegistry } from '../broker/registry.ts';
import vectors from '../broker/registry.vectors.json' with { type: 'json' };
import { parseRegistry } from './accounts.ts';
import { authorize } from './authorize.ts';

const key = generateKey();
const passwordHash = await hashKey(key);
const ENTRIES: RegistryEntry[] = [
  { kind: 'service', username: 'svc-ingest', purpose: 'ingest', passwordHash, former: ['sensors'] },
  { kind: 'service', username: 'svc-control-2', purpose: 'control', passwordHash },
  { kind: 'device', tenant: 'acme', device: 'pump-1', passwordHash },
  { kind: 'device', tenant: 'acme', device: 'old', passwordHash, former: ['sensors/1'] },
];
const text = renderRegistry(ENTRIES);
const accounts = parseRegistry(text);
const asked = (username: string, clientId?: string, password = key) =>
  authorize(accounts, { username, password, clientId });

describe('the registry file', () => {
  test.each(vectors.accepted)('as both agents write it: $what', ({ rows, file }) => {
    expect(parseRegistry(file).size).toBe(rows.length);
  });

  test.each([
    ['nothing', '', 'not whole'],
    ['no last line', text.slice(0, -1), 'not whole'],
    ['a line without a hash', `${text}acme.pump-2\n`, 'line 6: the second word is not a hash'],
    ['a hash that takes minutes', text.replace('$7$101$', '$7$1000000$'), 'the second word is not a hash'],
    ['a right that is unknown', text.replace('write:sensors/1', 'admin:sensors/1'), 'a right is neither'],
    ['a name twice', text + text.slice(REGISTRY_HEADER.length), 'has come before'],
    ['a name that is unknown', `${text}root ${passwordHash}\n`, 'neither a device nor a service'],
    ['a device of two points', `${text}a.b.c ${passwordHash}\n`, 'neither a device nor a service'],
  ])('is refused with %s', (_, broken, why) => {
    expect(() => parseRegistry(broken)).toThrow(why);
  });
});

test('a device may publish below its own prefix and hear its commands', async () => {
  expect(await asked('acme.pump-1', 'acme_pump-1')).toEqual({
    name: expect.stringMatching(/^acme\.pump-1#[0-9a-f]{16}$/),
    permissions: {
      protocols: ['MQTT'],
      publish: ['from.*.tenants.acme.devices.pump-1.>'],
      subscribe: [
        'tenants.acme.devices.pump-1.commands',
        'tenants.acme.devices.pump-1.commands.>',
        'tenants.acme.devices.pump-1.desired',
      ],
    },
  });
});

test('a new key is another connection', async () => {
  const rotated = parseRegistry(renderRegistry([{ ...ENTRIES[2]!, passwordHash: await hashKey(key) }]));
  const before = await asked('acme.pump-1', 'acme_pump-1');
  const after = await authorize(rotated, { username: 'acme.pump-1', password: key, clientId: 'acme_pump-1' });
  expect(after).not.toEqual(before);
});

test.each([
  ['an unknown user', 'acme.pump-9', 'acme_pump-9', key, 'unknown user'],
  ['a wrong key', 'acme.pump-1', 'acme_pump-1', generateKey(), 'wrong key of acme.pump-1'],
  ['the hash', 'acme.pump-1', 'acme_pump-1', passwordHash, 'wrong key of acme.pump-1'],
  ["another's client id", 'acme.pump-1', 'acme_old', key, 'must use the client id acme_pump-1'],
  ['a device with former topics', 'acme.old', 'acme_old', key, 'keeps topics from before'],
])('%s is refused', async (_, username, clientId, password, why) => {
  expect(await asked(username, clientId, password)).toEqual({ refused: expect.stringContaining(why) });
});

test('a service comes by its own protocol, and no list of its rights is empty: an empty one would allow everything', async () => {
  const [ingest, control] = [await asked('svc-ingest'), await asked('svc-control-2', 'svc-control-2')];
  expect(ingest).toMatchObject({ permissions: { protocols: ['STANDARD'] } });
  expect(control).toMatchObject({ permissions: { protocols: ['MQTT'], subscribe: ['_NOTHING'] } });
  for (const answer of [ingest, control]) {
    if ('refused' in answer) throw new Error(answer.refused);
    expect(answer.permissions.publish.length).toBeGreaterThan(0);
    expect(answer.permissions.subscribe.length).toBeGreaterThan(0);
  }
});
