// Every line of `npm run verify` is seen green on the platform as it is, and red on one where its guard is broken.
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { makeAuthority } from '../lab/authority.ts';
import { stopChild } from '../lab/child.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import { freePort } from '../lab/ports.ts';
import type { CheckResult } from '../ops/verify/check.ts';
import { DEVICE_CHECKS, TRANSPORT_CHECKS } from '../ops/verify/checks.ts';
import type { VerifyTarget } from '../ops/verify/target.ts';
import { verify } from '../ops/verify/verify.ts';
import { withConnection } from '../provisioning/database/connect.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ worker: true });
  lab.followRegistry();
});
afterAll(() => lab?.stop());

const target = (change: Partial<VerifyTarget> = {}): VerifyTarget => ({
  name: 'test',
  host: '127.0.0.1',
  port: lab.broker.port,
  ca: readFileSync(lab.broker.certificates.caFile, 'utf8'),
  database: { url: lab.adminUrl },
  brokerPid: lab.broker.pid,
  ...change,
});

const only = (...ids: string[]) => ({ only: ids });

function expectRed(results: CheckResult[], expected: string[]): void {
  const failed = results.filter(({ passed }) => !passed);
  const seen = failed.map(({ id, detail }) => `${id}: ${detail}`).join('; ');
  expect(
    failed.map(({ id }) => id),
    seen,
  ).toEqual(expected);
}

test('the platform as it is: every line is green', async () => {
  const results = await verify(target());
  expect(results.filter(({ passed }) => !passed)).toEqual([]);
  expect(results).toHaveLength(TRANSPORT_CHECKS.length + DEVICE_CHECKS.length);
});

describe('a broken guard turns its line red', () => {
  const without = (setting: string) => (text: string) => text.replace(new RegExp(`^${setting} .*$`, 'm'), '');
  // A session is named after its user, so a client without one is refused a second time: both guards are taken away.
  const anonymous = (text: string) =>
    without('use_username_as_clientid')(text.replace('allow_anonymous false', 'allow_anonymous true'));
  const adding = (lines: string) => (text: string) => `${text}\n${lines}\n`;

  afterEach(() => lab.startBroker());

  test.each<[string, (text: string) => string, string[]]>([
    [
      'no gate',
      (text) => anonymous(text).replace(/^plugin.*$/gm, ''),
      ['anonymous-refused', 'wrong-password-refused', 'cross-tenant-publish-refused', 'cross-tenant-subscribe-refused'],
    ],
  ])('%s', async (_, change, expected) => {
    await lab.startBroker(change);
    expectRed(await verify(target()), expected);
  });

  test('a plaintext listener on every address', async () => {
    const port = await freePort();
    await lab.startBroker(adding(`listener ${port} 0.0.0.0`));
    expectRed(await verify(target()), ['no-plaintext']);
  });

  test('a certificate from a CA the devices do not know', async () => {
    const { certificate } = await makeAuthority('not the platform');
    const results = await verify(target({ ca: certificate }));
    expectRed(results, ['tls-strict', 'tls-wrong-host', ...DEVICE_CHECKS.map(({ id }) => id)]);
    expect(results.at(-1)!.detail).toContain('not tried');
  });

  test('clients that verify nothing', async () => {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    try {
      expectRed(await verify(target(), only('tls-strict', 'tls-wrong-ca', 'tls-wrong-host')), [
        'tls-wrong-ca',
        'tls-wrong-host',
      ]);
    } finally {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    }
  });

  test('a primary key that does not deduplicate', async () => {
    const alter = (action: string) =>
      withConnection(lab.adminUrl, (client) => client.query(`alter table public.telemetry ${action}`));
    await alter('drop constraint telemetry_pkey');
    expectRed(await verify(target()), ['republish-one-row']);
    await alter('add primary key (tenant_id, device_id, ts, message_id)');
  });

  test('no ingest', async () => {
    expectRed(await verify(target(), only('exactly-one-row')), []);
    await stopChild(lab.worker.child, 'SIGKILL');
    // As it is when that has lasted for more than five minutes.
    await withConnection(lab.adminUrl, (client) =>
      client.query("update ingest.canaries set came_at = came_at - interval '5 minutes'"),
    );
    const options = { ...only('exactly-one-row', 'republish-one-row', 'canary'), patienceMs: 3000 };
    expectRed(await verify(target(), options), ['exactly-one-row', 'republish-one-row', 'canary']);
  });
});
