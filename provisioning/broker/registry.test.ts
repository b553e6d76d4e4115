// What registry.ts makes of rows. The agent on the broker machine must make the same of the same vectors:
// provisioning/machine/bundle/tests/registry.test.ts.
import { expect, test } from 'vitest';
import { hashKey } from '../../domain/credentials.ts';
import { type RegistryEntry, renderRegistry } from './registry.ts';
import vectors from './registry.vectors.json' with { type: 'json' };

const entries = (rows: (string | string[] | null)[][]) =>
  rows.map(([kind, username, purpose, tenant, device, passwordHash, former]) =>
    kind === 'device'
      ? { kind, tenant, device, passwordHash, former: former ?? undefined }
      : { kind, username, purpose, passwordHash, former: former ?? undefined },
  ) as RegistryEntry[];

test.each(vectors.accepted)('the file, whole: $what', ({ rows, file }) => {
  expect(renderRegistry(entries(rows))).toBe(file);
});

test.each(vectors.refused)('$what never reaches a file', ({ rows, reason }) => {
  expect(() => renderRegistry(entries(rows))).toThrow(reason);
});

test('the hash is the one that mosquitto_passwd writes for this key and salt', async () => {
  // openssl kdf -keylen 64 -kdfopt digest:SHA512 -kdfopt pass:key -kdfopt hexsalt:000000000000000000000000 \
  //   -kdfopt iter:101 -binary PBKDF2 | base64 -w0
  expect(await hashKey('key', new Uint8Array(12))).toBe(
    '$7$101$AAAAAAAAAAAAAAAA$OEijZt+U5zJHiF4Hp1eKCTAkfeM2fQVW2CSBxW0icIynu9nv/Dnz2kM1egVeBQNKp7MUKj9sYesrQMtNY0PbBg==',
  );
});
