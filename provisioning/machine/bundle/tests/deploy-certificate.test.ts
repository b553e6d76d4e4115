// deploy-certificate before a start of the broker: what is served, what is refused, and what serves instead.
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { issue, makeAuthority, type Pair } from '../../../../lab/authority.ts';
import { pairsOfFile } from '../testing/certificate-pairs.ts';

const own = pairsOfFile();
const { chain, fresh, obtained, inVault, start, inForce } = own;

describe('deploy-certificate --starting', () => {
  it('serves what certbot obtained, readable by root and the broker only', async () => {
    const pair = await fresh();
    obtained(chain(pair), pair.key);
    expect(await start()).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(['server.crt', 'server.key', 'ca.crt'].map(inForce)).toEqual([
      chain(pair),
      pair.key,
      `${own.ca.certificate}\n`,
    ]);
    const modes = ['', 'certificate', 'server.crt', 'server.key'].map(
      (name) => statSync(own.world.path('secrets', name)).mode,
    );
    expect(modes.map((mode) => (mode & 0o777).toString(8))).toEqual(['711', '750', '640', '640']);
    // Who may open the lock can hold it.
    expect((statSync(own.world.path('locks')).mode & 0o777).toString(8)).toBe('700');
  });

  it('serves what the vault keeps, with the CA', async () => {
    const pair = await fresh();
    inVault(pair);
    expect(await start()).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(['server.crt', 'server.key', 'ca.crt'].map(inForce)).toEqual([
      pair.certificate,
      pair.key,
      own.ca.certificate,
    ]);
  });

  it('switches certificate and key in one step, and keeps no old key', async () => {
    const [first, second] = [await fresh(), await fresh()];
    inVault(first);
    await start();
    const links = ['server.crt', 'server.key', 'ca.crt'].map((name) => readlinkSync(own.world.path('secrets', name)));
    expect(links).toEqual(['certificate/server.crt', 'certificate/server.key', 'certificate/ca.crt']);
    const before = readlinkSync(own.world.path('secrets', 'certificate'));
    inVault(second);
    await start();
    const after = readlinkSync(own.world.path('secrets', 'certificate'));
    expect(after).not.toBe(before);
    expect(readdirSync(own.world.path('secrets')).sort()).toEqual(
      ['certificate', after, 'ca.crt', 'server.crt', 'server.key'].sort(),
    );
  });

  it('lets runs that come at once take turns', async () => {
    for (let round = 0; round < 3; round += 1) {
      const pair = await fresh();
      obtained(chain(pair), pair.key);
      const outcomes = await Promise.all(Array.from({ length: 6 }, start));
      expect(outcomes).toEqual(outcomes.map(() => ({ code: 0, stdout: '', stderr: '' })));
      expect([inForce('server.crt'), inForce('server.key')]).toEqual([chain(pair), pair.key]);
      expect(readdirSync(own.world.path('secrets'))).toHaveLength(5);
    }
  });

  it('cannot start without a certificate, and says what is missing', async () => {
    const outcome = await start();
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('no certificate was obtained yet');
    expect(outcome.stderr).toContain('the broker cannot start without a certificate');
  });

  it('starts with what it had while the vault is away', async () => {
    const pair = await fresh();
    inVault(pair);
    await start();
    await own.world.azure.stop();
    const outcome = await start();
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toContain('the broker starts with the certificate it had');
    expect(inForce('server.key')).toBe(pair.key);
  });

  const otherCa = makeAuthority('mqtt-saas test CA');
  it.each<[string, () => Promise<[string, string]>, RegExp]>([
    ['another key', async () => [chain(await fresh()), (await fresh()).key], /KEY_VALUES_MISMATCH|key values mismatch/],
    ['another host', async () => pairOf(await issue(own.ca, ['mqtt.other.test'])), /Hostname mismatch/],
    ['an end in the past', async () => pairOf(await fresh({ from: -90, to: -1 })), /certificate has expired/],
    ['a start in the future', async () => pairOf(await fresh({ from: 1, to: 90 })), /not yet valid/],
    ['no chain', async () => leafOnly(await fresh()), /without the chain to its authority/],
    [
      'an issuer that did not sign it',
      async () => wrongIssuer(await fresh(), await otherCa),
      /unable to get|verify failed/,
    ],
    ['no certificate in it', async () => ['nonsense', 'nonsense'], /without the chain to its authority/],
  ])('refuses a pair with %s and keeps the last good one', async (_, make, reason) => {
    const good = await fresh();
    obtained(chain(good), good.key);
    await start();
    const [certificate, key] = await make();
    obtained(certificate, key);
    const outcome = await start();
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toMatch(reason);
    expect(outcome.stderr).not.toContain('PRIVATE');
    expect([inForce('server.crt'), inForce('server.key')]).toEqual([chain(good), good.key]);
    expect(readdirSync(own.world.path('secrets'))).toHaveLength(5);
  });

  it('gives nothing to the broker before it is judged', async () => {
    const pair = await fresh();
    obtained(chain(pair), 'a text, and no key');
    expect((await start()).code).toBe(1);
    expect(readdirSync(own.world.path('secrets'))).toEqual([]);
  });

  it('refuses a certificate of a CA that is not the one devices hold, and serves it only when there is no other', async () => {
    inVault(await fresh(), await otherCa);
    const outcome = await start();
    expect([outcome.code, outcome.stderr]).toEqual([0, expect.stringContaining('certificate verify failed')]);
    expect(outcome.stderr).toContain('the broker starts with the newest one, which a strict client refuses');
  });
});

describe('deploy-certificate --starting after a boot, which empties the memory', () => {
  /** What is left then: the data disk, the system disk, the vault. */
  const boot = () => rmSync(own.world.path('secrets'), { recursive: true });
  const kept = () => join(own.world.folder, 'last-good/certificate.json');

  it.each<[string, (good: Pair) => Promise<unknown>, RegExp]>([
    ['away', () => own.world.azure.stop(), /cannot be reached/],
    [
      'of a pair whose key is another',
      async () => inVault({ ...(await fresh()), key: (await fresh()).key }),
      /mismatch/i,
    ],
    ['of a certificate that has ended', async () => inVault(await fresh({ from: -90, to: -1 })), /has expired/],
    [
      'of half a certificate',
      async (good) => inVault({ ...good, certificate: good.certificate.slice(0, 300) }),
      /PEM|SSL/,
    ],
  ])('with a vault that is %s it serves the last good one', async (_, damage, reason) => {
    const good = await fresh();
    inVault(good);
    await start();
    expect(statSync(kept()).mode & 0o777).toBe(0o600);
    expect(statSync(join(kept(), '..')).mode & 0o777).toBe(0o700);
    boot();
    await damage(good);
    const outcome = await start();
    expect(outcome.stderr).toMatch(reason);
    expect([outcome.code, outcome.stderr]).toEqual([0, expect.stringContaining('starts with the last good one\n')]);
    expect(['server.crt', 'server.key', 'ca.crt'].map(inForce)).toEqual([
      good.certificate,
      good.key,
      own.ca.certificate,
    ]);
  });

  it('serves one that has ended rather than none, and goes on saying that it has', async () => {
    inVault(await fresh({ from: -90, to: -1 }));
    const outcome = await start();
    expect([outcome.code, outcome.stderr]).toEqual([0, expect.stringContaining('a strict client refuses')]);
    expect(existsSync(kept())).toBe(false);
    const deployed = await own.world.run('deploy-certificate', []);
    expect([deployed.code, deployed.stderr]).toEqual([1, expect.stringContaining('has expired')]);
    const figures = readFileSync(own.world.path('metrics', 'certificate.prom'), 'utf8');
    expect(figures).toMatch(/^mqtt_saas_certificate_deploy_ok 0$/m);
    expect(figures).toMatch(/^mqtt_saas_certificate_failing\{reason="refused"\} 1$/m);
  });

  it('starts with no key that is not the certificate’s', async () => {
    inVault({ ...(await fresh()), key: (await fresh()).key });
    const outcome = await start();
    expect([outcome.code, outcome.stderr]).toEqual([1, expect.stringContaining('cannot start without a certificate')]);
    expect(existsSync(own.world.path('secrets', 'server.key'))).toBe(false);
  });
});

const pairOf = (pair: Pair): [string, string] => [chain(pair), pair.key];
const leafOnly = (pair: Pair): [string, string] => [pair.certificate, pair.key];
const wrongIssuer = (pair: Pair, issuer: Pair): [string, string] => [chain(pair, issuer), pair.key];
