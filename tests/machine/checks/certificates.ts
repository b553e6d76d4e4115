// Where the broker's certificate comes from and how it is renewed: the private CA's from the vault, then, after a change of
// configuration, one of a real ACME server. No client may notice more than a new certificate.

import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type { MqttClient } from 'mqtt';
import { issue } from '../../../lab/authority.ts';
import { SECRETS } from '../../../stacks/tables/secrets.ts';
import { issueForBroker, makeTestBundle, publishBundle } from '../environment.ts';
import { type Check, expect, type Machine } from '../machine.ts';
import { connect, logins } from '../mqtt.ts';
import { setAddress } from '../services.ts';
import { type Acme, startAcme } from '../standins/acme.ts';
import { challengeDns } from '../standins/challenges.ts';
import { type Cloudflare, cloudflare } from '../standins/cloudflare.ts';

const ACME_HOST = 'acme.example.test';
const ZONE = 'example.test';
const TOKEN = 'only-the-zone-may-see-this-token';
/** What the timer starts. */
const RUN = 'systemctl start certificate-issue.service';
/** No run of the timer is under way, and none begins: a start would join it, and it may have looked for the wish already. The deployment
 * that follows a run would bring back what a check takes away. */
const ALONE =
  'systemctl stop certificate-issue.timer; ' +
  'while systemctl show -P ActiveState certificate-issue certificate-deploy | grep -q activating; do sleep 0.2; done';
const NOT_ALONE = 'systemctl start certificate-issue.timer';
/** Not "start", which would join a run that has read the vault already. */
const DEPLOY = 'systemctl restart certificate-deploy.service';
/** A run of the unit is one attempt: certbot takes some seconds, the challenge is given a few, the broker reads at once. */
const PATIENCE_MS = 60_000;
/** With the certificate in the vault already, all that is left is the hook after the unit. */
const HOOK_MS = 15_000;

/** The outside world of ACME, from the change to it on. */
interface Outside {
  acme: Acme;
  zone: Cloudflare;
}
let outside: Outside | undefined;

function theOutside(): Outside {
  expect(outside, 'the machine did not get as far as ACME');
  return outside;
}

export const checks: Check[] = [
  {
    name: 'a certificate renewed in the vault is served, and nobody is disconnected',
    run: async (machine) => {
      const next = await issueForBroker();
      await undisturbed(machine, async () => {
        machine.services.azure.secrets.set(SECRETS.certificate, next.certificate);
        machine.services.azure.secrets.set(SECRETS.key, next.key);
        await run(machine, RUN);
        await untilServed(
          machine,
          (served) => served.fingerprint === new X509Certificate(next.certificate).fingerprint,
          { patienceMs: HOOK_MS },
        );
      });
      return undefined;
    },
  },
  {
    name: 'a pair in the vault that does not fit is refused, said, and the last good one stays',
    run: async (machine) => {
      await run(machine, DEPLOY);
      const before = await servedBy(machine);
      const { secrets } = machine.services.azure;
      const key = secrets.get(SECRETS.key) ?? '';
      secrets.set(SECRETS.key, (await issueForBroker()).key);
      const { code } = await machine.exec(DEPLOY);
      const { stdout: said } = await machine.exec('journalctl -u certificate-deploy -n 20 -o cat');
      const { stdout: metrics } = await machine.exec('cat /run/mqtt-saas-metrics/certificate.prom');
      secrets.set(SECRETS.key, key);
      await run(machine, DEPLOY);
      expect(code !== 0 && /a strict client would refuse/.test(said), said);
      expect(metrics.includes('mqtt_saas_certificate_deploy_ok 0'), metrics);
      expect((await servedBy(machine)).fingerprint === before.fingerprint, 'another certificate is served');
      return undefined;
    },
  },
  {
    name: 'a change to ACME: a certificate is obtained by DNS-01 and served, and nobody is disconnected',
    disturbs: true,
    run: async (machine) => {
      outside = await startOutside(machine);
      const { acme, zone } = outside;
      const bundle = makeTestBundle({
        domain: 'telemetry.example.test',
        acmeDirectory: acme.directory,
        cloudflareZoneId: '0a'.repeat(16),
        cloudflareAccountId: '0b'.repeat(16),
      });
      await undisturbed(machine, async () => {
        await run(machine, `/opt/mqtt-saas/current/bin/broker-apply.py ${publishBundle(machine.services, bundle)}`);
        await untilServed(machine, ({ issuer }) => issuer.includes('Pebble'));
      });
      expect(acme.orders() === 1, `${acme.orders()} certificates were ordered for one`);
      expect(zone.records.size === 0, 'the challenge was left in the zone');
      const { refused } = machine.services.journal;
      expect(!refused.some((line) => line.includes('cloudflare')), refused.join('\n'));
      const { stdout: found } = await machine.exec(`grep -rlF ${TOKEN} /run /etc /var /tmp /root 2>/dev/null`);
      expect(found === '', `the token is left in ${found}`);
      return undefined;
    },
  },
  {
    name: 'an ACME certificate is renewed and served, and nobody is disconnected',
    disturbs: true,
    run: async (machine) => {
      theOutside();
      const before = await servedBy(machine);
      await undisturbed(machine, async () => {
        await run(machine, `${ALONE}; touch /run/mqtt-saas/renew-certificate && ${RUN}`);
        await untilServed(machine, ({ fingerprint }) => fingerprint !== before.fingerprint);
        await run(machine, NOT_ALONE);
      });
      return undefined;
    },
  },
  {
    name: 'a renewal that fails leaves the certificate in force, and is not tried again at once',
    disturbs: true,
    run: async (machine) => {
      const { acme, zone } = theOutside();
      const before = await servedBy(machine);
      zone.broken = true;
      const failed = await machine.exec(`${ALONE}; touch /run/mqtt-saas/renew-certificate && ${RUN}`);
      zone.broken = false;
      expect(failed.code !== 0, 'the unit did not fail');
      const orders = acme.orders();
      await run(machine, RUN);
      expect(acme.orders() === orders, 'it was tried again at once');
      await untilCounted(machine, 'mqtt_saas_certificate_failed_attempts 1');
      expect((await servedBy(machine)).fingerprint === before.fingerprint, 'another certificate is served');
      await machine.exec(`rm /var/lib/mosquitto/letsencrypt/*/failed-attempts.json; ${NOT_ALONE}`);
      return undefined;
    },
  },
  {
    name: 'a broker that has no certificate starts by itself when it gets its first one',
    disturbs: true,
    run: async (machine) => {
      theOutside();
      await run(machine, `${ALONE}; systemctl stop mosquitto`);
      const inForce = '/run/mqtt-saas/certificate* /run/mqtt-saas/server.* /run/mqtt-saas/ca.crt';
      const kept = '/opt/mqtt-saas/last-good/certificate.json';
      await run(machine, `rm -r /var/lib/mosquitto/letsencrypt ${inForce} ${kept}`);
      const { stdout: state } = await machine.exec(
        'systemctl start mosquitto; sleep 1; systemctl show -P SubState mosquitto',
      );
      expect(state.trim() === 'auto-restart', `the broker without a certificate is ${state}`);
      await run(machine, NOT_ALONE);
      await untilServed(machine, ({ issuer }) => issuer.includes('Pebble'));
      return undefined;
    },
  },
  {
    name: 'a replaced machine serves the certificate it had, and orders none',
    disturbs: true,
    run: async (machine) => {
      const { acme } = theOutside();
      const before = await servedBy(machine);
      const orders = acme.orders();
      await machine.power.replace();
      await machine.power.waitUntilBooted();
      await untilServed(machine, ({ fingerprint }) => fingerprint === before.fingerprint);
      expect(acme.orders() === orders, 'a certificate was ordered');
      return undefined;
    },
  },
  {
    name: 'a change back to the private CA',
    disturbs: true,
    run: async (machine) => {
      const { acme } = theOutside();
      // Until ingest is back after the replacement, the broker reads nothing again.
      const session = { clean: false, clientId: 'svc-ingest', properties: { sessionExpiryInterval: 3600 } };
      const ingest = await connect(machine, logins(machine).ingest, { ca: acme.root, ...session });
      await ingest.endAsync();
      const hash = publishBundle(machine.services, makeTestBundle());
      await run(machine, `/opt/mqtt-saas/current/bin/broker-apply.py ${hash}`);
      await run(machine, RUN);
      await untilServed(machine, ({ issuer }) => issuer.includes('mqtt-saas test CA'));
      await acme.stop();
      return undefined;
    },
  },
];

/** The ACME server, the zone, the token in the vault. */
async function startOutside({ services, files, addresses, host, exec }: Machine): Promise<Outside> {
  const folder = join(files.folder, 'acme');
  mkdirSync(folder);
  const dns = challengeDns('127.0.0.1:53', 'http://127.0.0.1:8055');
  await setAddress(ACME_HOST, addresses.acme.v4);
  const https = await issue(services.ca, [ACME_HOST]);
  const acme = await startAcme({ folder, https, dns, host: ACME_HOST, address: addresses.acme.v4 });
  const zone = cloudflare({ zone: ZONE, token: TOKEN, host, dns });
  await services.serve('api.cloudflare.com', zone.service);
  services.azure.secrets.set(SECRETS.dnsToken, TOKEN);
  // The stand-in's DNS has no secondaries to wait for.
  const dropIn = '/etc/systemd/system/certificate-issue.service.d';
  const prepared = await exec(
    `mkdir -p ${dropIn} && printf '[Service]\\nEnvironment=PROPAGATION_SECONDS=1\\n' >${dropIn}/test.conf && systemctl daemon-reload`,
  );
  expect(prepared.code === 0, prepared.stderr);
  return { acme, zone };
}

async function run({ exec }: Machine, command: string): Promise<void> {
  const { code, stdout, stderr } = await exec(command, { timeoutMs: 120_000 });
  if (code === 0) return;
  const { stdout: journal } = await exec('journalctl -u certificate-issue -u certificate-deploy -n 30 -o cat');
  throw new Error(`${command}: exit ${code}\n${stdout}${stderr}\n${journal}`);
}

/** Does something to the machine; the broker's process and a connected device must get through it. */
async function undisturbed(machine: Machine, act: () => Promise<void>): Promise<void> {
  const process = async () => (await machine.exec('systemctl show -P MainPID mosquitto')).stdout;
  const { acme: device } = logins(machine);
  // The authorities of both certificates, before and after.
  const ca = [readFileSync(machine.files.caFile, 'utf8'), ...(outside ? [outside.acme.root] : [])];
  const client = await connect(machine, device, { ca });
  try {
    const before = await process();
    await act();
    expect((await process()) === before, 'the broker was restarted');
    expect(client.connected, 'the device was disconnected');
    await answers(client);
  } finally {
    await client.endAsync(true);
  }
}

async function answers(client: MqttClient): Promise<void> {
  const topic = 'tenants/acme/devices/pump-1/telemetry';
  const late = sleep(5000, 'late');
  const sent = client.publishAsync(topic, '{"value":1}', { qos: 1 });
  expect((await Promise.race([sent, late])) !== 'late', 'the broker no longer answers the device');
}

/** Waits for the deployment that follows a run, and writes the figures. @throws Error when it takes longer than HOOK_MS. */
async function untilCounted(machine: Machine, figure: string): Promise<void> {
  const end = Date.now() + HOOK_MS;
  for (;;) {
    const { stdout: figures } = await machine.exec('cat /run/mqtt-saas-metrics/certificate.prom');
    if (figures.split('\n').includes(figure)) return;
    expect(Date.now() < end, figures);
    await sleep(500);
  }
}

/** What the broker serves, from any issuer. */
async function servedBy({ host, addresses }: Machine, port = 8883): Promise<X509Certificate> {
  const socket = connectTls({ host: addresses.machine.v4, port, servername: host, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerX509Certificate();
  socket.destroy();
  expect(certificate, 'no certificate is served');
  return certificate;
}

/** Waits until such a certificate is served. @throws Error when it takes longer than `patienceMs`. */
export async function untilServed(
  machine: Machine,
  isMeant: (certificate: X509Certificate) => boolean,
  { patienceMs = PATIENCE_MS, port = 8883 } = {},
): Promise<void> {
  const end = Date.now() + patienceMs;
  for (;;) {
    const certificate = await servedBy(machine, port).catch(() => undefined);
    if (certificate && isMeant(certificate)) return;
    expect(Date.now() < end, `still served: ${certificate?.issuer ?? 'nothing'}, from ${certificate?.validFrom}`);
    await sleep(500);
  }
}
