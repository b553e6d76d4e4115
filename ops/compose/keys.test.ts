// The secrets of a Compose project: made once, given to their readers, and a certificate from elsewhere is kept.
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { issue, makeAuthority } from '../../lab/authority.ts';
import { SECRETS, SHARED_GID, UIDS } from '../../provisioning/compose/secrets.ts';
import { Secrets } from './keys.ts';

// Files change their owner.
const asRoot = test.skipIf(process.getuid?.() !== 0);
const HOST = 'platform.example.test';

function folder(): Secrets {
  const dir = mkdtempSync(join(tmpdir(), 'compose-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return new Secrets(dir);
}

asRoot('the first start makes all, the next one none, and each file is its reader’s', async () => {
  const secrets = folder();
  const made = await secrets.ensure(HOST, '172.30.83.2');
  expect(made.sort()).toEqual(Object.keys(SECRETS).sort());
  expect(await secrets.ensure(HOST, '172.30.83.2')).toEqual([]);
  expect(readdirSync(secrets.folder).sort()).toEqual(made);
  const of = (name: string) => {
    const { uid, gid, mode } = statSync(join(secrets.folder, name));
    return [uid, gid, (mode & 0o777).toString(8)];
  };
  expect(of('database.key')).toEqual([UIDS.database, UIDS.database, '400']);
  expect(of('server.key')).toEqual([0, SHARED_GID, '440']);
  expect(of('authority.key')).toEqual([0, 0, '400']);
  expect(of('ca.crt')).toEqual([0, 0, '444']);
  expect((statSync(secrets.folder).mode & 0o777).toString(8)).toBe('700');
});

asRoot('a certificate of another authority is kept, even near its end', async () => {
  const secrets = folder();
  await secrets.ensure(HOST, '172.30.83.2');
  const authority = await makeAuthority('elsewhere');
  const pair = await issue(authority, [HOST], [], { from: -1, to: 5 });
  for (const [name, text] of Object.entries({
    'ca.crt': authority.certificate,
    'server.crt': pair.certificate,
    'server.key': pair.key,
  }))
    writeFileSync(join(secrets.folder, name), text);
  expect(await secrets.ensure(HOST, '172.30.83.2')).toEqual([]);
  expect(secrets.read('server.crt')).toBe(pair.certificate.trimEnd());
});

asRoot('an own certificate that is near its end is replaced', async () => {
  const secrets = folder();
  await secrets.ensure(HOST, '172.30.83.2');
  const authority = { certificate: secrets.read('database-ca.crt'), key: secrets.read('authority.key') };
  const { certificate, key } = await issue(authority, [HOST], [], { from: -80, to: 10 });
  writeFileSync(join(secrets.folder, 'server.crt'), certificate);
  writeFileSync(join(secrets.folder, 'server.key'), key);
  expect(await secrets.ensure(HOST, '172.30.83.2')).toEqual(['server.key', 'server.crt', 'ca.crt']);
});

asRoot('without the authority’s key another authority is made, and everything of its own is issued by it', async () => {
  const secrets = folder();
  await secrets.ensure(HOST, '172.30.83.2');
  const before = secrets.read('ca.crt');
  rmSync(join(secrets.folder, 'authority.key'));
  const made = await secrets.ensure(HOST, '172.30.83.2');
  expect(made.sort()).toEqual(
    ['authority.key', 'ca.crt', 'database-ca.crt', 'database.crt', 'database.key', 'server.crt', 'server.key'].sort(),
  );
  expect(secrets.read('ca.crt')).not.toBe(before);
  const authority = new X509Certificate(secrets.read('ca.crt'));
  for (const name of ['server.crt', 'database.crt'] as const)
    expect(new X509Certificate(secrets.read(name)).verify(authority.publicKey), name).toBe(true);
  expect(await secrets.ensure(HOST, '172.30.83.2')).toEqual([]);
});

asRoot('without the authority’s key a certificate of another authority is kept even so', async () => {
  const secrets = folder();
  await secrets.ensure(HOST, '172.30.83.2');
  const other = await makeAuthority('elsewhere');
  const pair = await issue(other, [HOST]);
  writeFileSync(join(secrets.folder, 'ca.crt'), other.certificate);
  writeFileSync(join(secrets.folder, 'server.crt'), pair.certificate);
  writeFileSync(join(secrets.folder, 'server.key'), pair.key);
  rmSync(join(secrets.folder, 'authority.key'));
  await secrets.ensure(HOST, '172.30.83.2');
  expect(secrets.read('server.crt')).toBe(pair.certificate.trimEnd());
  expect(secrets.read('ca.crt')).toBe(other.certificate.trimEnd());
});
