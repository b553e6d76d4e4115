// The commands that `pulumi up` runs against a database, run against a real one.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { generateKey } from '../../domain/credentials.ts';
import { withConnection } from '../../provisioning/database/connect.ts';
import { hasServiceAccount, readRegistry } from '../../provisioning/database/registry.ts';
import { makeSignIns } from '../../provisioning/database/sign-ins.ts';
import { postgresOfFile } from '../../tests/support/postgres-of-file.ts';

const postgres = postgresOfFile({ migrate: false });

const passwords = {
  roles: {
    mqtt_ingest: generateKey(),
    broker_sync: generateKey(),
    backup_reader: generateKey(),
    archive_writer: generateKey(),
  },
  accounts: [{ username: 'svc-ingest', purpose: 'ingest', key: generateKey() } as const],
};

function deploy(what: string, env: NodeJS.ProcessEnv = {}, host = '127.0.0.1') {
  const args = [join(import.meta.dirname, '../main.ts'), 'deploy', what, '--host', host, '--database', 'postgres'];
  const { DATABASE_URL: _, ...rest } = process.env;
  return spawnSync(process.execPath, args, { env: { ...rest, ...env }, encoding: 'utf8' });
}

const urlOf = (user: string, password: string) => {
  const url = new URL(postgres().url);
  return Object.assign(url, { username: user, password }).href;
};

test('a bare database gets its schema and the sign-ins, and knows no password', async () => {
  const DATABASE_URL = postgres().url;
  expect(deploy('schema', { DATABASE_URL }).stdout).toMatch(/\d+ migrations applied\n$/);
  expect(deploy('schema', { DATABASE_URL }).stdout).toMatch(/: up to date\n$/);
  const DATABASE_SIGN_INS = JSON.stringify(await makeSignIns(passwords));
  for (const secret of [...Object.values(passwords.roles), passwords.accounts[0]!.key]) {
    expect(DATABASE_SIGN_INS).not.toContain(secret);
  }
  const signIns = deploy('sign-ins', { DATABASE_URL, DATABASE_SIGN_INS });
  expect(signIns).toMatchObject({ status: 0, stderr: '' });
  expect(signIns.stdout).toMatch(
    /: mqtt_ingest, broker_sync, backup_reader, archive_writer, svc-ingest may sign in\n$/,
  );
  for (const [role, password] of Object.entries(passwords.roles)) {
    const { rows } = await withConnection(urlOf(role, password), (client) => client.query('select current_user'));
    expect(rows).toEqual([{ current_user: role }]);
    await expect(withConnection(urlOf(role, 'x'.repeat(43)), async () => {})).rejects.toThrow(/28P01/);
  }
  const [account] = passwords.accounts;
  expect(await withConnection(DATABASE_URL, (client) => hasServiceAccount(client, account!))).toBe(true);
});

test('the same passwords give the same sign-ins, and entering them again does not change the registry', async () => {
  expect(await makeSignIns(passwords)).toEqual(await makeSignIns(structuredClone(passwords)));
  const version = () =>
    withConnection(
      postgres().url,
      async (client) => (await client.query('select xmin from broker.service_accounts')).rows,
    );
  const before = await version();
  const DATABASE_SIGN_INS = JSON.stringify(await makeSignIns(passwords));
  expect(deploy('sign-ins', { DATABASE_URL: postgres().url, DATABASE_SIGN_INS }).status).toBe(0);
  expect(await version()).toEqual(before);
  expect(await withConnection(postgres().url, readRegistry)).toHaveLength(1);
});

test.each(['schema', 'sign-ins'])('%s refuses any database but the configured one', (what) => {
  const DATABASE_URL = 'postgresql://postgres.other:hunter2hunter2@aws-1.pooler.supabase.com:5432/postgres';
  const wrong = deploy(what, { DATABASE_URL }, 'aws-0.pooler.supabase.com');
  expect(wrong.status).toBe(1);
  expect(wrong.stderr).toContain('DATABASE_URL is of another database (postgres.other@aws-1.pooler.supabase.com:5432/');
  expect(wrong.stderr).toContain("Set it to that database's connection string");
  expect(wrong.stderr).not.toContain('hunter2');
  const none = deploy(what);
  expect(none).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^error: DATABASE_URL is not set: set it to the/),
  });
});

test('anything but a verifier or hash is refused: it becomes part of a statement, and of a file', async () => {
  const DATABASE_URL = postgres().url;
  const good = await makeSignIns(passwords);
  const evil = { ...good, roles: { ...good.roles, broker_sync: "x' superuser --" } };
  const run = (value: unknown) => deploy('sign-ins', { DATABASE_URL, DATABASE_SIGN_INS: JSON.stringify(value) }).stderr;
  expect(run(evil)).toBe('error: the sign-in of broker_sync is not a SCRAM verifier\n');
  const plain = { ...good, accounts: [{ ...good.accounts[0], hash: 'clear' }] };
  expect(run(plain)).toBe("error: the sign-in of svc-ingest is not a hash of Mosquitto's\n");
});
