import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { issue, type Life, makeAuthority, type Pair } from '../../../../lab/authority.ts';
import { type Mosquitto, startMosquitto } from '../../../../lab/mosquitto.ts';
import { freePort } from '../../../../lab/ports.ts';
import { servedCertificate } from '../../../../tests/support/handshake.ts';
import { type CertificateWorld, FROM_VAULT, HOST, makeCertificateWorld } from '../testing/certificate-world.ts';

let ca: Pair;
let world: CertificateWorld;

beforeAll(async () => {
  ca = await makeAuthority('mqtt-saas test CA');
});
beforeEach(async () => {
  world = await makeCertificateWorld();
  world.configure({ acmeDirectory: 'https://acme.example.test/dir' });
});
afterEach(() => world.remove());

const chain = (pair: Pair, issuer = ca) => `${pair.certificate}\n${issuer.certificate}\n`;
const fresh = (life?: Life) => issue(ca, [HOST], [], life);

/** Leaves a pair where certbot would. */
function obtained(certificate: string, key: string): void {
  const lineage = world.path('state', 'acme.example.test-dir', 'live', HOST);
  mkdirSync(lineage, { recursive: true });
  writeFileSync(join(lineage, 'fullchain.pem'), certificate);
  writeFileSync(join(lineage, 'privkey.pem'), key);
}

function inVault(pair: Pair, issuer = ca): void {
  world.configure({ certificate: FROM_VAULT });
  const values = { crt: pair.certificate, key: pair.key, ca: issuer.certificate };
  for (const [name, value] of Object.entries(values)) world.azure.secrets.set(name, value);
}

const start = () => world.run('deploy-certificate', ['--starting']);
const inForce = (file: string) => readFileSync(world.path('secrets', file), 'utf8');

describe('deploy-certificate --starting', () => {
  it('serves what certbot obtained, readable by root and the broker only', async () => {
    const pair = await fresh();
    obtained(chain(pair), pair.key);
    expect(await start()).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(['server.crt', 'server.key', 'ca.crt'].map(inForce)).toEqual([chain(pair), pair.key, `${ca.certificate}\n`]);
    const modes = ['', 'certificate', 'server.crt', 'server.key'].map(
      (name) => statSync(world.path('secrets', name)).mode,
    );
    expect(modes.map((mode) => (mode & 0o777).toString(8))).toEqual(['711', '750', '640', '640']);
    // Who may open the lock can hold it.
    expect((statSync(world.path('locks')).mode & 0o777).toString(8)).toBe('700');
  });

  it('serves what the vault keeps, with the CA', async () => {
    const pair = await fresh();
    inVault(pair);
    expect(await start()).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(['server.crt', 'server.key', 'ca.crt'].map(inForce)).toEqual([pair.certificate, pair.key, ca.certificate]);
  });

  it('switches certificate and key in one step, and keeps no old key', async () => {
    const [first, second] = [await fresh(), await fresh()];
    inVault(first);
    await start();
    const links = ['server.crt', 'server.key', 'ca.crt'].map((name) => readlinkSync(world.path('secrets', name)));
    expect(links).toEqual(['certificate/server.crt', 'certificate/server.key', 'certificate/ca.crt']);
    const before = readlinkSync(world.path('secrets', 'certificate'));
    inVault(second);
    await start();
    const after = readlinkSync(world.path('secrets', 'certificate'));
    expect(after).not.toBe(before);
    expect(readdirSync(world.path('secrets')).sort()).toEqual(
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
      expect(readdirSync(world.path('secrets'))).toHaveLength(5);
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
    await world.azure.stop();
    const outcome = await start();
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toContain('the broker starts with the certificate it had');
    expect(inForce('server.key')).toBe(pair.key);
  });

  const otherCa = makeAuthority('mqtt-saas test CA');
  it.each<[string, () => Promise<[string, string]>, RegExp]>([
    ['another key', async () => [chain(await fresh()), (await fresh()).key], /KEY_VALUES_MISMATCH|key values mismatch/],
    ['another host', async () => pairOf(await issue(ca, ['mqtt.other.test'])), /Hostname mismatch/],
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
    expect(readdirSync(world.path('secrets'))).toHaveLength(5);
  });

  const lineage = (...names: string[]) => world.path('state', 'acme.example.test-dir', ...names);
  /** As certbot does it: a link in live/ to the newest file in archive/. */
  function asCertbot(pair: Pair): void {
    obtained('', '');
    mkdirSync(lineage('archive', HOST), { recursive: true });
    for (const [kind, text] of Object.entries({ fullchain: chain(pair), privkey: pair.key })) {
      writeFileSync(lineage('archive', HOST, `${kind}7.pem`), text);
      relink(kind, `../../archive/${HOST}/${kind}7.pem`);
    }
  }
  function relink(kind: string, target: string): void {
    rmSync(lineage('live', HOST, `${kind}.pem`));
    symlinkSync(target, lineage('live', HOST, `${kind}.pem`));
  }

  it('follows certbot’s own links', async () => {
    const pair = await fresh();
    asCertbot(pair);
    expect(await start()).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(['server.crt', 'server.key'].map(inForce)).toEqual([chain(pair), pair.key]);
  });

  // Certbot’s user may put anything under any name, and root reads there.
  it.each<[string, (secret: string) => void]>([
    ['a link to a file of root', (secret) => relink('privkey', secret)],
    ['a link up and out', () => relink('privkey', '../../../../secret')],
    ['a link to another link', (secret) => replaceInArchive(() => symlinkSync(secret, inArchive()))],
    ['a FIFO', () => replaceInArchive(() => spawnSync('mkfifo', [inArchive()]))],
    ['a huge file', () => truncateSync(inArchive(), 2 ** 40)],
    ['a folder that is a link', () => linkFolder()],
  ])('takes no certificate from %s', async (_, plant) => {
    const [good, planted] = [await fresh(), await fresh()];
    inVault(good);
    await start();
    world.configure({ certificate: { source: 'acme', tokenSecret: 'token' } });
    asCertbot(planted);
    // Even a key that fits: nothing of root’s is copied, whatever it is.
    const secret = join(world.folder, 'secret');
    writeFileSync(secret, planted.key);
    plant(secret);
    const outcome = await start();
    expect(outcome).toMatchObject({ code: 0, stderr: expect.stringContaining('what certbot left is not used') });
    expect(['server.crt', 'server.key'].map(inForce)).toEqual([good.certificate, good.key]);
    expect(readdirSync(world.path('secrets'))).toHaveLength(5);
  });
  const inArchive = () => lineage('archive', HOST, 'privkey7.pem');
  function replaceInArchive(plant: () => void): void {
    rmSync(inArchive());
    plant();
  }
  function linkFolder(): void {
    renameSync(lineage('archive'), join(world.folder, 'elsewhere'));
    symlinkSync(join(world.folder, 'elsewhere'), lineage('archive'));
  }

  it('gives nothing to the broker before it is judged', async () => {
    const pair = await fresh();
    obtained(chain(pair), 'a text, and no key');
    expect((await start()).code).toBe(1);
    expect(readdirSync(world.path('secrets'))).toEqual([]);
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
  const boot = () => rmSync(world.path('secrets'), { recursive: true });
  const kept = () => join(world.folder, 'last-good/certificate.json');

  it.each<[string, (good: Pair) => Promise<unknown>, RegExp]>([
    ['away', () => world.azure.stop(), /cannot be reached/],
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
    expect(['server.crt', 'server.key', 'ca.crt'].map(inForce)).toEqual([good.certificate, good.key, ca.certificate]);
  });

  it('serves one that has ended rather than none, and goes on saying that it has', async () => {
    inVault(await fresh({ from: -90, to: -1 }));
    const outcome = await start();
    expect([outcome.code, outcome.stderr]).toEqual([0, expect.stringContaining('a strict client refuses')]);
    expect(existsSync(kept())).toBe(false);
    const deployed = await world.run('deploy-certificate', []);
    expect([deployed.code, deployed.stderr]).toEqual([1, expect.stringContaining('has expired')]);
    const figures = readFileSync(world.path('metrics', 'certificate.prom'), 'utf8');
    expect(figures).toMatch(/^mqtt_saas_certificate_deploy_ok 0$/m);
    expect(figures).toMatch(/^mqtt_saas_certificate_failing\{reason="refused"\} 1$/m);
  });

  it('starts with no key that is not the certificate’s', async () => {
    inVault({ ...(await fresh()), key: (await fresh()).key });
    const outcome = await start();
    expect([outcome.code, outcome.stderr]).toEqual([1, expect.stringContaining('cannot start without a certificate')]);
    expect(existsSync(world.path('secrets', 'server.key'))).toBe(false);
  });
});

const pairOf = (pair: Pair): [string, string] => [chain(pair), pair.key];
const leafOnly = (pair: Pair): [string, string] => [pair.certificate, pair.key];
const wrongIssuer = (pair: Pair, issuer: Pair): [string, string] => [chain(pair, issuer), pair.key];

describe('deploy-certificate beside a running broker', () => {
  let broker: Mosquitto;
  let port: number;

  beforeEach(async () => {
    const pair = await fresh();
    obtained(chain(pair), pair.key);
    await start();
    port = await freePort();
    broker = await startMosquitto({
      dir: join(world.folder, 'broker'),
      port,
      registry: [],
      config: { certificateFile: world.path('secrets', 'server.crt'), keyFile: world.path('secrets', 'server.key') },
    });
    writeFileSync(reload(), `#!/bin/sh\nkill -HUP ${broker.pid}\n`, { mode: 0o755 });
  });
  afterEach(() => broker.stop());

  const reload = () => join(world.folder, 'reload-broker');
  const deploy = () =>
    world.run('deploy-certificate', [], { BROKER_CONFIG: broker.configFile, RELOAD_BROKER: reload() });
  const metrics = () => readFileSync(world.path('metrics', 'certificate.prom'), 'utf8');

  const served = () => servedCertificate({ port, host: HOST, ca: ca.certificate });

  it('has the broker serve a new certificate, then does nothing', async () => {
    const next = await fresh({ from: -1, to: 60 });
    obtained(chain(next), next.key);
    const outcome = await deploy();
    expect([outcome.code, outcome.stderr]).toEqual([0, '']);
    expect(await served()).toBe(next.certificate.trim());
    const [, end] = /not_after_seconds (\d+)/.exec(metrics()) ?? [];
    expect(Math.abs(Number(end) - Date.now() / 1000 - 60 * 86_400)).toBeLessThan(120);
    expect(metrics()).toContain('mqtt_saas_certificate_deploy_ok 1\n');
    rmSync(reload());
    expect(await deploy()).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('takes up a certificate that comes while it deploys another: systemd starts no second run then', async () => {
    const [next, later] = [await fresh(), await fresh()];
    obtained(chain(next), next.key);
    const lineage = world.path('state', 'acme.example.test-dir', 'live', HOST);
    const waiting = join(world.folder, 'later');
    mkdirSync(waiting);
    writeFileSync(join(waiting, 'fullchain.pem'), chain(later));
    writeFileSync(join(waiting, 'privkey.pem'), later.key);
    writeFileSync(reload(), `#!/bin/sh\nkill -HUP ${broker.pid}\ncp ${waiting}/* ${lineage}\n`);
    expect(await deploy()).toMatchObject({ code: 0, stderr: '' });
    expect(await served()).toBe(later.certificate.trim());
  });

  it('asks again for a reload that was put off', async () => {
    const next = await fresh();
    obtained(chain(next), next.key);
    const works = readFileSync(reload());
    writeFileSync(reload(), '#!/bin/sh\nexit 75\n');
    expect((await deploy()).code).toBe(0);
    expect(await served()).not.toBe(next.certificate.trim());
    writeFileSync(reload(), works);
    expect((await deploy()).code).toBe(0);
    expect(await served()).toBe(next.certificate.trim());
  });

  it('fails, and says so in the metrics, when the broker serves the old one still or the new one is refused', async () => {
    const next = await fresh();
    obtained(chain(next), next.key);
    writeFileSync(reload(), '#!/bin/sh\nexit 1\n');
    expect(await deploy()).toMatchObject({ code: 1, stderr: expect.stringContaining('reload-broker ended with 1') });
    expect(metrics()).toContain('mqtt_saas_certificate_deploy_ok 0\n');
    const bad = await fresh({ from: -9, to: -1 });
    obtained(chain(bad), bad.key);
    expect(await deploy()).toMatchObject({ code: 1, stderr: expect.stringContaining('expired') });
  });
});
