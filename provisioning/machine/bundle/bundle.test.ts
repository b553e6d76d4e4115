import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ingressRules } from '../../../domain/ingress.ts';
import { type BundleArgs, makeBundle, writeArchive } from './bundle.ts';
import { BUNDLE_FILES } from './paths.ts';
import { LETS_ENCRYPT } from './settings.ts';

const args: BundleArgs = {
  ingress: ingressRules({ adminCidrs: ['203.0.113.10/32'] }),
  databasePort: 6543,
  brokerConfig: 'listener 8883\n',
  settings: {
    vaultUri: 'https://kv-mqtt-dev-ex4mp1.vault.azure.net',
    secrets: { 'svc-ingest.password': 'svc-ingest-password' },
    blobUri: 'https://st.blob.core.windows.net/broker-bundles',
    backupUri: 'https://st.blob.core.windows.net/broker-state',
    brokerHost: 'mqtt.example.com',
    domain: null,
    acmeDirectory: LETS_ENCRYPT,
    acmeEmail: null,
    certificate: { source: 'vault', certificateSecret: 'c', keySecret: 'k', caSecret: 'a' },
    dataDiskGb: 8,
    stateBytes: 1_000_000,
    timers: { url: 'https://func-mqtt-dev-ex4mp1.azurewebsites.net', keySecret: 'timer-twin-key' },
  },
};
const text = (path: string, bundle = makeBundle(args)) =>
  Buffer.from(bundle.files.find((file) => file.path === path)?.content ?? '').toString();

test('the same input gives the same bytes, another one another hash', () => {
  expect(makeBundle(args).archive.equals(makeBundle(structuredClone(args)).archive)).toBe(true);
  expect(makeBundle({ ...args, brokerConfig: 'listener 8884\n' }).hash).not.toBe(makeBundle(args).hash);
});

test('it holds scripts, units, and what is rendered; no test, no source, no cache', () => {
  const { files } = makeBundle(args);
  const paths = files.map(({ path }) => path);
  for (const path of Object.values(BUNDLE_FILES)) {
    if (path !== BUNDLE_FILES.databaseCa) expect(paths).toContain(path);
  }
  expect(paths).toContain('units/mosquitto.service.d/10-mqtt-saas.conf');
  expect(
    paths.filter((path) => !/^(bin|lib|units)\//.test(path) && !Object.values<string>(BUNDLE_FILES).includes(path)),
  ).toEqual([]);
  expect(paths.filter((path) => /\.ts$|\.pyc$|__pycache__|testing/.test(path))).toEqual([]);
  for (const { path, executable, content } of files) {
    expect(executable, path).toBe(/^bin\/[^/]+$/.test(path));
    if (executable) expect(Buffer.from(content).toString(), path).toMatch(/^#!\/(usr\/)?bin\//);
  }
});

test('only a broker that listens below 1024 is given the right to', () => {
  const dropIn = 'units/mosquitto.service.d/40-privileged-port.conf';
  expect(text(dropIn)).toBe('');
  expect(text(dropIn, makeBundle({ ...args, brokerConfig: 'listener 8883\n\nlistener 443\n' }))).toContain(
    'AmbientCapabilities=CAP_NET_BIND_SERVICE',
  );
});

test('only a machine that is attached to Ubuntu Pro has the units for it', () => {
  const units = (bundle = makeBundle(args)) =>
    bundle.files.map(({ path }) => path).filter((path) => /attach-pro\./.test(path));
  const attached = makeBundle({ ...args, settings: { ...args.settings, proTokenSecret: 'ubuntu-pro-token' } });
  expect(units()).toEqual(['bin/attach-pro.py']);
  expect(units(attached)).toContain('units/attach-pro.timer');
});

test('every program that a unit names is there', () => {
  const { files } = makeBundle(args);
  const named = files.flatMap(
    ({ content }) =>
      Buffer.from(content)
        .toString()
        .match(/(?<=\/opt\/mqtt-saas\/current\/)[\w./-]*\w/g) ?? [],
  );
  expect(named.length).toBeGreaterThan(5);
  for (const path of named) expect(files.map((file) => file.path)).toContain(path);
});

test('the machine’s open ports are those of the network, and its first account may only read', () => {
  expect(text('nftables.conf')).toContain('ip saddr { 203.0.113.10/32 } tcp dport 22 accept');
  expect(JSON.parse(text('settings.json'))).toEqual(args.settings);
});

test('what is not an address is refused by name', () => {
  const settings = { ...args.settings, blobUri: 'https://st.blob.core.windows.net/x?sig=secret' };
  expect(() => makeBundle({ ...args, settings })).toThrow(/settings.json: blobUri is .* plain https address/);
});

test('it is written under its hash, once', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
  try {
    const bundle = makeBundle(args);
    const path = writeArchive(bundle, join(folder, 'new'));
    expect(path).toBe(join(folder, 'new', `${bundle.hash}.tgz`));
    expect(writeArchive(bundle, join(folder, 'new'))).toBe(path);
    expect(readFileSync(path).equals(bundle.archive)).toBe(true);
    expect(existsSync(`${path}.${process.pid}`)).toBe(false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the database’s own CA comes along where there is one', () => {
  expect(text('database-ca.crt', makeBundle({ ...args, databaseCa: '-----BEGIN CERTIFICATE-----\n' }))).toContain(
    'BEGIN',
  );
  expect(makeBundle(args).files.map(({ path }) => path)).not.toContain('database-ca.crt');
});

test('the firewall lets the services reach the database and the ACME server of the settings', () => {
  const settings = { ...args.settings, acmeDirectory: 'https://acme.example.com:14000/dir' };
  const firewall = text(BUNDLE_FILES.firewall, makeBundle({ ...args, settings }));
  expect(firewall).toContain('tcp dport 6543 accept');
  expect(firewall).toContain('tcp dport { 443, 14000 } accept');
});

test('users.conf names the users whose numbers the firewall has', () => {
  const users = [...text(BUNDLE_FILES.users).matchAll(/^u mqtt-saas-\w+ (\d+) /gm)].map(([, uid]) => uid);
  expect(text(BUNDLE_FILES.firewall)).toContain(`meta skuid { "mosquitto", ${users.join(', ')} } goto egress`);
});
