// Needs Debian's packages certbot, python3-certbot-dns-cloudflare and pebble.
import { spawnSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { issue, makeAuthority } from '../../../../lab/authority.ts';
import { type Acme, startAcme } from '../../../../tests/machine/standins/acme.ts';
import { startChallengeDns } from '../../../../tests/machine/standins/challenges.ts';
import { type Cloudflare, cloudflare } from '../../../../tests/machine/standins/cloudflare.ts';
import { type Journal, listener } from '../../../../tests/machine/standins/http.ts';
import { type CertificateWorld, HOST, makeCertificateWorld, TOKEN } from '../testing/certificate-world.ts';

const OWN_HOSTS = ['mqtt-primary.telemetry.example.test', 'mqtt-standby.telemetry.example.test'];
const installed = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

describe.runIf(installed('certbot') && installed('pebble'))('issue-certificate (needs certbot and pebble)', () => {
  let dns: Awaited<ReturnType<typeof startChallengeDns>>;
  let acme: Acme;
  let folder: string;
  let zone: Cloudflare;
  let api: Server;
  let journal: Journal;
  let world: CertificateWorld;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'acme-'));
    const ca = await makeAuthority('mqtt-saas test CA');
    writeFileSync(join(folder, 'ca.pem'), ca.certificate);
    dns = await startChallengeDns();
    acme = await startAcme({ folder, dns, https: await issue(ca, ['localhost']) });
  });
  afterAll(async () => {
    await acme.stop();
    await dns.stop();
    rmSync(folder, { recursive: true });
  });
  beforeEach(async () => {
    world = await makeCertificateWorld();
    zone = cloudflare({ zone: 'example.test', token: TOKEN, host: HOST, others: OWN_HOSTS, dns });
    journal = { requests: [], refused: [] };
    api = createServer(listener(journal, () => zone.service)).listen(0, '127.0.0.1');
    await once(api, 'listening');
    world.configure({ acmeDirectory: acme.directory });
  });
  afterEach(async () => {
    api.close();
    await world.remove();
  });

  const step = (name: string) => {
    const url = `http://127.0.0.1:${(api.address() as AddressInfo).port}/client/v4`;
    const env = { CLOUDFLARE_API_URL: url, REQUESTS_CA_BUNDLE: join(folder, 'ca.pem') };
    return world.run('issue-certificate', [name], env);
  };
  /** What the unit does: the token's folder is gone afterwards, as systemd sees to. */
  async function unit() {
    const prepared = await step('prepare');
    const obtained = prepared.code === 0 ? await step('obtain') : prepared;
    const asked = existsSync(world.path('runtime', 'cloudflare.ini'));
    rmSync(world.path('runtime'), { recursive: true });
    mkdirSync(world.path('runtime'), { mode: 0o700 });
    return { code: obtained.code, asked, said: prepared.stdout + prepared.stderr + obtained.stdout + obtained.stderr };
  }
  const acmeFolder = () => world.path('state', readdirSync(world.path('state'))[0]!);
  const live = (file: string) => readFileSync(join(acmeFolder(), 'live', HOST, file), 'utf8');

  it('obtains a certificate for the host, once, and leaves neither challenge nor token', async () => {
    const outcome = await unit();
    expect(outcome, outcome.said).toMatchObject({ code: 0, asked: true });
    const certificate = new X509Certificate(live('fullchain.pem'));
    expect(certificate.checkHost(HOST)).toBe(HOST);
    expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    expect(certificate.checkPrivateKey(createPrivateKey(live('privkey.pem')))).toBe(true);
    expect([journal.refused, zone.records.size]).toEqual([[], 0]);
    const found = spawnSync('grep', ['-rlF', TOKEN, world.folder], { encoding: 'utf8' });
    expect(found.stdout).toBe('');
    expect(outcome.said).not.toContain(TOKEN);

    const orders = acme.orders();
    const again = await unit();
    expect(again).toEqual({ code: 0, asked: false, said: expect.stringMatching(/good for (89|90) days/) });
    expect(acme.orders()).toBe(orders);
  });

  it('asks again, at once, when the machines of a standby get names of their own', async () => {
    await unit();
    world.configure({ alsoNamed: OWN_HOSTS });
    expect(await unit()).toMatchObject({ code: 0, asked: true });
    const certificate = new X509Certificate(live('fullchain.pem'));
    for (const name of [HOST, ...OWN_HOSTS]) expect(certificate.checkHost(name)).toBe(name);
    expect([journal.refused, zone.records.size]).toEqual([[], 0]);
    expect(await unit()).toMatchObject({ code: 0, asked: false });
  });

  it('gives the token to certbot’s user alone', async () => {
    expect((await step('prepare')).code).toBe(0);
    const file = world.path('runtime', 'cloudflare.ini');
    expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
    expect(readFileSync(file, 'utf8')).toBe(`dns_cloudflare_api_token = ${TOKEN}\n`);
  });

  it('renews, with a new key, when a person asks for it', async () => {
    await unit();
    const before = { certificate: live('fullchain.pem'), key: live('privkey.pem') };
    mkdirSync(world.path('secrets'));
    writeFileSync(world.path('secrets', 'renew-certificate'), '');
    expect(await unit()).toMatchObject({ code: 0, asked: true });
    expect(live('fullchain.pem')).not.toBe(before.certificate);
    expect(live('privkey.pem')).not.toBe(before.key);
    expect(await unit()).toMatchObject({ code: 0, asked: false });
  });

  it('counts an attempt before it is made, waits longer after each, and asks nobody meanwhile', async () => {
    zone.broken = true;
    const pauses: number[] = [];
    for (const attempts of [1, 2, 3]) {
      const outcome = await unit();
      expect(outcome).toMatchObject({ code: 1, asked: true });
      expect(outcome.said).not.toContain(TOKEN);
      const file = join(acmeFolder(), 'failed-attempts.json');
      const record = JSON.parse(readFileSync(file, 'utf8'));
      expect(record.attempts).toBe(attempts);
      pauses.push((record.notBefore * 1000 - Date.now()) / 60_000);
      const asked = [journal.requests.length, acme.orders(), world.azure.requests.length];
      expect(await unit()).toMatchObject({ asked: false, said: expect.stringContaining(`${attempts} attempt`) });
      expect([journal.requests.length, acme.orders(), world.azure.requests.length]).toEqual(asked);
      writeFileSync(file, JSON.stringify({ ...record, notBefore: 0 }));
    }
    // Minutes: 15, 30, 60, each up to a quarter longer; the attempt itself took some seconds.
    for (const [index, least] of [15, 30, 60].entries()) {
      expect(pauses[index]).toBeGreaterThan(least - 1);
      expect(pauses[index]).toBeLessThanOrEqual(least * 1.25);
    }
    zone.broken = false;
    expect((await unit()).code).toBe(0);
    expect(existsSync(join(acmeFolder(), 'failed-attempts.json'))).toBe(false);
  });

  it('does not wait for a time that was noted while the clock was ahead', async () => {
    zone.broken = true;
    await unit();
    const file = join(acmeFolder(), 'failed-attempts.json');
    const noteHours = (ahead: number) =>
      writeFileSync(file, JSON.stringify({ attempts: 1, notBefore: Date.now() / 1000 + ahead * 3600 }));
    noteHours(23);
    expect(await unit()).toMatchObject({ asked: false });
    noteHours(40);
    expect(await unit()).toMatchObject({ asked: true });
    zone.broken = false;
  });

  it('asks a new ACME server for a certificate of its own, and keeps what it has of the old one', async () => {
    await unit();
    world.configure({ acmeDirectory: 'https://localhost:9/dir' });
    expect(await unit()).toMatchObject({ code: 1, asked: true });
    world.configure({ acmeDirectory: acme.directory });
    expect(await unit()).toMatchObject({ code: 0, asked: false });
  });

  it.each([
    ['a third of its life and a day is left', { from: -59, to: 31 }, false],
    ['a third of its life less a day is left', { from: -61, to: 29 }, true],
    ['of a short life a third less an hour is left', { from: -4.1, to: 1.9 }, true],
    ['it has ended', { from: -90, to: -1 }, true],
  ])('when %s (%j), asks for a new one: %s', async (_, life, expected) => {
    const ca = await makeAuthority('mqtt-saas test CA');
    const pair = await issue(ca, [HOST], [], life);
    const lineage = world.path('state', `${new URL(acme.directory).host.replace(':', '-')}-dir`, 'live', HOST);
    mkdirSync(lineage, { recursive: true });
    writeFileSync(join(lineage, 'fullchain.pem'), `${pair.certificate}\n${ca.certificate}`);
    writeFileSync(join(lineage, 'privkey.pem'), pair.key);
    writeFileSync(join(lineage, 'chain.pem'), ca.certificate);
    await step('prepare');
    expect(existsSync(world.path('runtime', 'cloudflare.ini'))).toBe(expected);
  });

  it('has nothing to do with a private CA', async () => {
    world.configure({ certificate: { source: 'vault' } });
    expect(await unit()).toEqual({ code: 0, asked: false, said: expect.stringContaining('comes from the vault') });
  });

  it('fails when it cannot tell, or has no token', async () => {
    world.configure({ acmeDirectory: 7 });
    expect((await step('prepare')).code).toBe(1);
    world.configure({ acmeDirectory: acme.directory });
    world.azure.secrets.clear();
    expect(await unit()).toEqual({ code: 1, asked: false, said: expect.stringContaining('404') });
  });
});
