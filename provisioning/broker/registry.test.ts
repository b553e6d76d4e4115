import { expect, test } from 'vitest';
import { hashKey } from '../../domain/credentials.ts';
import { type RegistryEntry, renderRegistry } from './registry.ts';

const passwordHash = await hashKey('key', new Uint8Array(12));
const pump: RegistryEntry = { kind: 'device', tenant: 'acme', device: 'pump-1', passwordHash };
const ingest: RegistryEntry = { kind: 'service', username: 'svc-ingest', purpose: 'ingest', passwordHash };

test('both files, whole, in the order of user names', () => {
  expect(renderRegistry([ingest, pump])).toEqual({
    passwords: `acme.pump-1:${passwordHash}\nsvc-ingest:${passwordHash}\n`,
    acl: `# Generated from the registry; changes made here are overwritten.

user acme.pump-1
topic write tenants/acme/devices/pump-1/telemetry
topic write tenants/acme/devices/pump-1/state
topic read tenants/acme/devices/pump-1/commands/#

user svc-ingest
topic read tenants/+/devices/+/telemetry
`,
  });
});

test('a device publishes where it did before the platform, and nobody else; ingest reads it', () => {
  const { acl } = renderRegistry([
    { ...pump, former: ['devices/abc', 'device/abc'] },
    { ...pump, device: 'pump-2' },
    { ...ingest, former: ['devices', 'device'] },
  ]);
  expect(acl).toBe(`# Generated from the registry; changes made here are overwritten.

user acme.pump-1
topic write tenants/acme/devices/pump-1/telemetry
topic write tenants/acme/devices/pump-1/state
topic read tenants/acme/devices/pump-1/commands/#
topic write device/abc/#
topic write devices/abc/#

user acme.pump-2
topic write tenants/acme/devices/pump-2/telemetry
topic write tenants/acme/devices/pump-2/state
topic read tenants/acme/devices/pump-2/commands/#

user svc-ingest
topic read tenants/+/devices/+/telemetry
topic read device/+/#
topic read devices/+/#
`);
});

test('the hash is the one that mosquitto_passwd writes for this key and salt', () => {
  // openssl kdf -keylen 64 -kdfopt digest:SHA512 -kdfopt pass:key -kdfopt hexsalt:000000000000000000000000 \
  //   -kdfopt iter:101 -binary PBKDF2 | base64 -w0
  expect(passwordHash).toBe(
    '$7$101$AAAAAAAAAAAAAAAA$OEijZt+U5zJHiF4Hp1eKCTAkfeM2fQVW2CSBxW0icIynu9nv/Dnz2kM1egVeBQNKp7MUKj9sYesrQMtNY0PbBg==',
  );
});

test.each<[string, RegistryEntry, RegExp]>([
  ['a wildcard in a device', { ...pump, device: '+' } as RegistryEntry, /device "\+" is not a slug/],
  ['a separator in a tenant', { ...pump, tenant: 'a/b' } as RegistryEntry, /tenant "a\/b" is not a slug/],
  ['a line break in a user name', { ...ingest, username: 'svc-a\nuser b' } as RegistryEntry, /must match/],
  ['a device posing as a service', { ...ingest, username: 'acme.pump-1' } as RegistryEntry, /must match/],
  ['a hash with a line break', { ...pump, passwordHash: `${passwordHash}\nx` }, /not in Mosquitto's \$7\$ format/],
  ['a plaintext password', { ...pump, passwordHash: 'hunter2' }, /not in Mosquitto's \$7\$ format/],
  ['an unknown purpose', { ...ingest, purpose: 'admin' } as unknown as RegistryEntry, /unknown purpose/],
])('%s never reaches a file', (_, entry, error) => {
  expect(() => renderRegistry([entry])).toThrow(error);
});

test('a former topic of two devices is an error', () => {
  const other: RegistryEntry = { ...pump, device: 'pump-2', former: ['devices/abc'] };
  expect(() => renderRegistry([{ ...pump, former: ['devices/abc'] }, other])).toThrow('devices/abc appears twice');
});

test('a user name twice is an error, not the last one wins', () => {
  expect(() => renderRegistry([pump, pump])).toThrow('acme.pump-1 appears twice');
});
