// What registry.ts makes of rows. The agent on the broker machine must make the same of the same vectors:
// provisioning/machine/bundle/tests/registry.test.ts.
import { expect, test } from 'vitest';
import { hashKey } from '../../domain/credentials.ts';
import { INGEST_CONNECTED, type RegistryEntry, renderRegistry } from './registry.ts';
import vectors from './registry.vectors.json' with { type: 'json' };

const entries = (rows: (string | string[] | null)[][]) =>
  rows.map(([kind, username, purpose, tenant, device, passwordHash, former]) =>
    kind === 'device'
      ? { kind, tenant, device, passwordHash, former: former ?? undefined }
      : { kind, username, purpose, passwordHash, former: former ?? undefined },
  ) as RegistryEntry[];

test.each(vectors.accepted)('both files, whole: $what', ({ rows, passwords, acl }) => {
  expect(renderRegistry(entries(rows))).toEqual({ passwords, acl });
});

test.each(vectors.refused)('$what never reaches a file', ({ rows, reason }) => {
  expect(() => renderRegistry(entries(rows))).toThrow(reason);
});

test.each(vectors.log)('whether ingest has connected, by a line of the log: $what', ({ text, isIngest }) => {
  expect(INGEST_CONNECTED.test(text)).toBe(isIngest);
});

test('the hash is the one that mosquitto_passwd writes for this key and salt', async () => {
  // openssl kdf -keylen 64 -kdfopt digest:SHA512 -kdfopt pass:key -kdfopt hexsalt:000000000000000000000000 \
  //   -kdfopt iter:101 -binary PBKDF2 | base64 -w0
  expect(await hashKey('key', new Uint8Array(12))).toBe(
    '$7$101$AAAAAAAAAAAAAAAA$OEijZt+U5zJHiF4Hp1eKCTAkfeM2fQVW2CSBxW0icIynu9nv/Dnz2kM1egVeBQNKp7MUKj9sYesrQMtNY0PbBg==',
  );
});
