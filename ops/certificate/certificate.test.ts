import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { afterAll, beforeAll, expect, describe as group, it } from 'vitest';
import { issue, makeAuthority } from '../../lab/authority.ts';
import { type Mosquitto, startMosquitto } from '../../lab/mosquitto.ts';
import { freePort } from '../../lab/ports.ts';
import { makeScratchDir } from '../../lab/unprivileged.ts';
import type { Broker } from '../target/target.ts';
import { probe } from './probe.ts';
import { renew, steps } from './renew.ts';
import { describe, judge } from './status.ts';

const DAY_MS = 86_400_000;
const dir = makeScratchDir();
let mosquitto: Mosquitto;
let broker: Broker;

beforeAll(async () => {
  mosquitto = await startMosquitto({ dir, port: await freePort(), registry: [] });
  const ca = readFileSync(mosquitto.certificates.caFile, 'utf8');
  broker = { target: 'dev', host: 'localhost', port: mosquitto.port, ca, renewedBy: 'deployment' };
});
afterAll(async () => {
  await mosquitto.stop();
  rmSync(dir, { recursive: true });
});

group('status', () => {
  const after = async (days: number, change: Partial<Broker> = {}) => {
    const seen = { ...broker, ...change };
    return judge(await probe(seen), seen, Date.now() + days * DAY_MS);
  };

  it('of a fresh certificate: nothing to do', async () => {
    const status = await after(0);
    expect(status).toMatchObject({ ok: true, daysLeft: 89, advice: expect.stringContaining('Nothing to do') });
    expect(describe(status)).toMatch(/localhost:\d+\n.*mqtt-saas local CA\n.*DNS:localhost.*\n.*89 days left\n/);
  });

  it.each([
    [60, true, 29],
    [70, false, 19],
    [95, false, -6],
  ])('after %d days: ok is %s', async (days, ok, daysLeft) => {
    expect(await after(days)).toMatchObject({ ok, daysLeft });
  });

  it('says how to renew', async () => {
    expect((await after(80)).advice).toContain('npm run ops -- certificate renew --target dev');
    expect((await after(80, { renewedBy: 'start' })).advice).toContain('npm start');
  });

  it('of a broker that a verifying client refuses: by its CA, by its name', async () => {
    const { certificate: ca } = await makeAuthority('mqtt-saas test CA');
    expect(await after(0, { ca })).toMatchObject({ ok: false, refusedBecause: expect.stringMatching(/VERIFY|ISSUER/) });

    const authority = await makeAuthority('mqtt-saas test CA');
    const { certificate: cert, key } = await issue(authority, ['mqtt.other.test']);
    const server = createServer({ cert, key }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const elsewhere = await after(0, { port, ca: authority.certificate });
    server.close();
    expect(elsewhere).toMatchObject({ ok: false, refusedBecause: expect.stringContaining('ALTNAME_INVALID') });
  });

  it('of nothing: an error that says where', async () => {
    await expect(probe({ ...broker, port: await freePort() })).rejects.toThrow(
      /localhost:\d+ does not answer with TLS/,
    );
  });
});

group('renew', () => {
  it('deploys a new server certificate, or asks the machine, and never touches the CA', () => {
    expect(steps(broker)).toEqual([
      ['pulumi', 'up', '--stack', 'dev', '--replace', '**private-ca-server-certificate'],
      ['ssh', 'azureuser@localhost', 'sudo systemctl restart certificate-deploy.service'],
    ]);
    expect(steps({ ...broker, renewedBy: 'machine' })).toEqual([
      ['ssh', 'azureuser@localhost', expect.stringContaining('systemctl start certificate-issue.service')],
    ]);
    expect(() => steps({ ...broker, renewedBy: 'start' })).toThrow('npm start');
  });

  it('ends once the new certificate is served', async () => {
    const { certificateFile, keyFile, caFile } = mosquitto.certificates;
    const authority = { certificate: readFileSync(caFile, 'utf8'), key: readFileSync(`${dir}/ca.key`, 'utf8') };
    const before = await probe(broker);
    const served = await renew(broker, async (program) => {
      if (program === 'ssh') {
        const next = await issue(authority, ['localhost'], ['127.0.0.1']);
        writeFileSync(certificateFile, next.certificate);
        writeFileSync(keyFile, next.key);
        mosquitto.child.kill('SIGHUP');
      }
      return 0;
    });
    expect(served.fingerprint).not.toBe(before.fingerprint);
    expect(served.refusedBecause).toBeUndefined();
  });

  it('fails at the step that failed, or if the old certificate stays', async () => {
    const ran: string[] = [];
    const failing = renew(broker, async (program) => {
      ran.push(program);
      return 3;
    });
    await expect(failing).rejects.toThrow('pulumi ended with 3');
    expect(ran).toEqual(['pulumi']);
    await expect(renew(broker, async () => 0, 0)).rejects.toThrow('still serves its old certificate');
  });
});
