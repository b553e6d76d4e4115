// deploy-certificate beside a running broker, which serves the new certificate without a restart.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Mosquitto, startMosquitto } from '../../../../lab/mosquitto.ts';
import { freePort } from '../../../../lab/ports.ts';
import { servedCertificate } from '../../../../tests/support/handshake.ts';
import { pairsOfFile } from '../testing/certificate-pairs.ts';
import { HOST } from '../testing/certificate-world.ts';

const own = pairsOfFile();
const { chain, fresh, obtained, start, lineage } = own;

let broker: Mosquitto;
let port: number;

beforeEach(async () => {
  const pair = await fresh();
  obtained(chain(pair), pair.key);
  await start();
  port = await freePort();
  broker = await startMosquitto({
    dir: join(own.world.folder, 'broker'),
    port,
    registry: [],
    config: {
      certificateFile: own.world.path('secrets', 'server.crt'),
      keyFile: own.world.path('secrets', 'server.key'),
    },
  });
  writeFileSync(reload(), `#!/bin/sh\nkill -HUP ${broker.pid}\n`, { mode: 0o755 });
});
afterEach(() => broker.stop());

const reload = () => join(own.world.folder, 'reload-broker');
const deploy = () =>
  own.world.run('deploy-certificate', [], { BROKER_CONFIG: broker.configFile, RELOAD_BROKER: reload() });
const metrics = () => readFileSync(own.world.path('metrics', 'certificate.prom'), 'utf8');

const served = () => servedCertificate({ port, host: HOST, ca: own.ca.certificate });

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
  const waiting = join(own.world.folder, 'later');
  mkdirSync(waiting);
  writeFileSync(join(waiting, 'fullchain.pem'), chain(later));
  writeFileSync(join(waiting, 'privkey.pem'), later.key);
  writeFileSync(reload(), `#!/bin/sh\nkill -HUP ${broker.pid}\ncp ${waiting}/* ${lineage('live', HOST)}\n`);
  expect(await deploy()).toMatchObject({ code: 0, stderr: '' });
  expect(await served()).toBe(later.certificate.trim());
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
