// The broker's certificate is renewed while 200 devices publish and ingest drains: nobody is disconnected, nothing is lost.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { issue, type Pair } from '../lab/authority.ts';
import { type Lab, startLab } from '../lab/lab.ts';
import {
  type CertificateWorld,
  FROM_VAULT,
  makeCertificateWorld,
} from '../provisioning/machine/bundle/testing/certificate-world.ts';
import { programsFolder } from '../provisioning/machine/bundle/testing/programs.ts';
import { servedCertificate } from './support/handshake.ts';
import { addLoadDevices, type Publishers, startPublishers } from './support/publishers.ts';

const DEVICES = 200;
/** Messages that are published at a time, by all devices together. */
const BATCH = 2000;
const TIMEOUT_MS = 120_000;
const RELOAD = join(programsFolder(), 'bin/reload-broker');

let lab: Lab;
let world: CertificateWorld;
beforeAll(async () => {
  [lab, world] = await Promise.all([startLab({ worker: true }), makeCertificateWorld()]);
  lab.followRegistry();
});
afterAll(async () => {
  await lab?.stop();
  await world?.remove();
});

test(`${DEVICES} devices through a renewal`, { timeout: TIMEOUT_MS }, async () => {
  world.configure({ brokerHost: 'localhost', certificate: FROM_VAULT });
  await keepInVault(await renewed());
  expect(await deploy('--starting')).toMatchObject({ code: 0 });
  // On the broker's machine the certificate is where deploy-certificate puts it.
  await lab.startBroker((text) =>
    text
      .replace(/^certfile .*/m, `certfile ${world.path('secrets', 'server.crt')}`)
      .replace(/^keyfile .*/m, `keyfile ${world.path('secrets', 'server.key')}`),
  );
  const names = Array.from({ length: DEVICES }, (_, n) => ({ tenant: `tenant-${n % 4}`, device: `device-${n}` }));
  const publishers = await startPublishers(lab.broker, await addLoadDevices(lab.adminUrl, names));
  // Before it newer brokers write down by name whom they refused while the registry was on its way.
  const before = [count(CONNECTED), count(LOST)];

  let isOver = false;
  const load = publishWhile(publishers, () => !isOver);
  await published(publishers.acknowledged, BATCH);
  const next = await renewed();
  await keepInVault(next);
  expect(await deploy()).toMatchObject({ code: 0, stderr: '' });
  isOver = true;
  await load;

  const { port, certificates } = lab.broker;
  expect(await servedCertificate({ port, host: 'localhost', ca: readFileSync(certificates.caFile) })).toBe(
    next.certificate,
  );
  const { size } = publishers.acknowledged;
  await expect.poll(lab.countRows, { timeout: 60_000, interval: 500 }).toEqual({ rows: size, distinct: size });
  expect([count(CONNECTED), count(LOST)]).toEqual(before);
  await publishers.stop();
});

const CONNECTED = /New client connected/g;
const LOST = /Client \S+\.\S+ (closed|disconnected|has exceeded)|Client svc-\S+ (closed|disconnected)/g;

/** How often the running broker's log says this. */
function count(what: RegExp): number {
  const log = readFileSync(lab.broker.logFile, 'utf8');
  return log.slice(log.lastIndexOf(' starting\n')).match(what)?.length ?? 0;
}

/** And one more batch, with what comes after. */
async function publishWhile(publishers: Publishers, goesOn: () => boolean): Promise<void> {
  while (goesOn()) await publishers.publish(BATCH);
  await publishers.publish(BATCH);
}

async function published(acknowledged: ReadonlySet<string>, enough: number): Promise<void> {
  while (acknowledged.size < enough) await sleep(5);
}

/** A new certificate from the CA that the devices trust. */
function renewed(): Promise<Pair> {
  const read = (file: string) => readFileSync(join(lab.dir, 'broker', file), 'utf8');
  return issue({ certificate: read('ca.pem'), key: read('ca.key') }, ['localhost'], ['127.0.0.1']);
}

async function keepInVault({ certificate, key }: Pair): Promise<void> {
  const values = { crt: certificate, key, ca: readFileSync(lab.broker.certificates.caFile, 'utf8') };
  for (const [name, value] of Object.entries(values)) world.azure.secrets.set(name, value);
}

/** With the machine's own way to reload, which is told where this broker is. */
function deploy(...args: string[]) {
  const places = {
    processes: join(world.folder, 'pid'),
    log: lab.broker.logFile,
    database: join(lab.dir, 'broker/state/mosquitto.db'),
    state: join(world.folder, 'reload'),
  };
  writeFileSync(places.processes, `${lab.broker.pid}\n`);
  const options = Object.entries(places).map(([name, place]) => `--${name} ${place}`);
  const program = join(world.folder, 'reload-broker');
  writeFileSync(program, `#!/bin/sh\nexec /usr/bin/python3 -B ${RELOAD} ${options.join(' ')}\n`, { mode: 0o755 });
  return world.run('deploy-certificate', args, { BROKER_CONFIG: lab.broker.configFile, RELOAD_BROKER: program });
}
