// Every line of `npm run verify` is seen green on the platform as it is, and red on one where its guard is broken.
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { makeAuthority } from '../local/certificates.ts';
import { stopChild } from '../local/child.ts';
import { freePort } from '../local/ports.ts';
import { type CheckResult, runChecks } from '../ops/verify/check.ts';
import { CHECKS } from '../ops/verify/checks.ts';
import { withContext } from '../ops/verify/context.ts';
import type { VerifyTarget } from '../ops/verify/target.ts';
import { withConnection } from '../provisioning/database/connect.ts';
import { startStack, type TestStack } from './support/stack.ts';

let stack: TestStack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack?.stop());

async function verify(change: Partial<VerifyTarget> = {}, only?: string[]): Promise<CheckResult[]> {
  const target: VerifyTarget = {
    name: 'test',
    host: 'localhost',
    port: stack.broker.port,
    ca: readFileSync(stack.broker.certificates.caFile, 'utf8'),
    databaseUrl: stack.databaseUrl,
    brokerPid: stack.broker.pid,
    ...change,
  };
  return withContext(target, (context) =>
    runChecks(
      CHECKS.filter(({ id }) => !only || only.includes(id)),
      context,
    ),
  );
}

function expectRed(results: CheckResult[], expected: string[]): void {
  const failed = results.filter(({ passed }) => !passed);
  const seen = failed.map(({ id, detail }) => `${id}: ${detail}`).join('; ');
  expect(
    failed.map(({ id }) => id),
    seen,
  ).toEqual(expected);
}

test('the platform as it is: every line is green', async () => {
  const results = await verify();
  expect(results.filter(({ passed }) => !passed)).toEqual([]);
  expect(results).toHaveLength(CHECKS.length);
});

describe('a broken guard turns its line red', () => {
  const without = (setting: string) => (text: string) => text.replace(new RegExp(`^${setting} .*$`, 'm'), '');
  const adding = (lines: string) => (text: string) => `${text}\n${lines}\n`;

  afterEach(() => stack.restartBroker());

  test.each<[string, (text: string) => string, string[]]>([
    [
      'anonymous clients allowed',
      (text) => text.replace('allow_anonymous false', 'allow_anonymous true'),
      ['anonymous-refused'],
    ],
    [
      'keys not looked at',
      (text) => without('password_file')(text.replace('allow_anonymous false', 'allow_anonymous true')),
      ['anonymous-refused', 'wrong-password-refused'],
    ],
    ['no ACL', without('acl_file'), ['cross-tenant-publish-refused', 'cross-tenant-subscribe-refused']],
  ])('%s', async (_, change, expected) => {
    await stack.restartBroker(change);
    expectRed(await verify(), expected);
  });

  test('a plaintext listener on every address', async () => {
    const port = await freePort();
    await stack.restartBroker(adding(`listener ${port} 0.0.0.0`));
    expectRed(await verify(), ['no-plaintext']);
  });

  test('a certificate from a CA the devices do not know', async () => {
    const { certificate } = await makeAuthority('not the platform');
    await expect(verify({ ca: certificate.toString('pem') })).rejects.toThrow(/certificate/);
  });

  test('clients that verify nothing', async () => {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    try {
      expectRed(await verify({}, ['tls-strict', 'tls-wrong-ca', 'tls-wrong-host']), ['tls-wrong-ca', 'tls-wrong-host']);
    } finally {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    }
  });

  test('a primary key that does not deduplicate', async () => {
    const alter = (action: string) =>
      withConnection(stack.databaseUrl, (client) => client.query(`alter table public.telemetry ${action}`));
    await alter('drop constraint telemetry_pkey');
    expectRed(await verify(), ['republish-one-row']);
    await alter('add primary key (tenant_id, device_id, ts, message_id)');
  });

  test('no ingest', async () => {
    expectRed(await verify({}, ['exactly-one-row']), []);
    await stopChild(stack.ingest.child, 'SIGKILL');
    expectRed(await verify({}, ['exactly-one-row', 'republish-one-row']), ['exactly-one-row', 'republish-one-row']);
  }, 60_000);
});
