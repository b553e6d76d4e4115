// The recording script against a stand-in for az that answers with the sample: what it writes is the sample again.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';

const SAMPLE = join(import.meta.dirname, 'fixtures/zeroclaw');
const SCRIPT = join(import.meta.dirname, 'record.sh');
const PATHS = JSON.parse(readFileSync(join(SAMPLE, 'vm.json'), 'utf8'));

/** Which file of the sample answers which command; a query's answer is a text. */
const ANSWERS: [words: string, answer: string][] = [
  ['account show', 'account.json'],
  ['lock list', 'locks.json'],
  ['group show', 'group.json'],
  ['resource list', 'resources.json'],
  ['vm show*storageProfile.osDisk', PATHS.storageProfile.osDisk.managedDisk.id],
  ['vm show*networkInterfaces', PATHS.networkProfile.networkInterfaces[0].id],
  ['vm show', 'vm.json'],
  ['disk show', 'disk.json'],
  ['network nic show*subnet.id', '/x/virtualNetworks/v/subnets/default'],
  ['network nic show*publicIPAddress', '/x/publicIPAddresses/p'],
  ['network nic show*networkSecurityGroup', '/x/networkSecurityGroups/n'],
  ['network nic show', 'nic.json'],
  ['network vnet show --ids /x/virtualNetworks/v --', 'vnet.json'],
  ['network public-ip show --ids /x/publicIPAddresses/p', 'public-ip.json'],
  ['network nsg show --ids /x/networkSecurityGroups/n', 'nsg.json'],
  ['functionapp show*serverFarmId', '/x/serverFarms/p'],
  ['functionapp show', 'functionapp.json'],
  ['functionapp config show', 'functionapp-config.json'],
  [
    "functionapp config appsettings list*AzureWebJobsStorage__blobServiceUri'], name)].value",
    'DefaultEndpointsProtocol=https;AccountName=stzeroclaw7f3a;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net',
  ],
  [
    "functionapp config appsettings list*starts_with(value || '', 'postgres')",
    'postgresql://postgres.abcdefghijklmnop:c2VjcmV0@pooler.example.com:6543/postgres',
  ],
  // Only with this query no value leaves Azure.
  ['functionapp config appsettings list*--query*name: name, reference: starts_with(value', 'appsettings.json'],
  ['appservice plan show --ids /x/serverFarms/p', 'plan.json'],
  ["storage account list*name=='stzeroclaw7f3a'", 'stzeroclaw7f3a'],
  ["storage account list*name=='", ''],
  ['storage account list', 'storage.json'],
  ['storage account blob-service-properties show*--account-name stzeroclaw7f3a', 'blob-service.json'],
  ['storage container-rm list*--storage-account stzeroclaw7f3a', 'containers.json'],
  ['storage share-rm list*--storage-account stzeroclaw7f3a', 'shares.json'],
  ['sshkey list', 'ssh-keys.json'],
];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'record-'));
  mkdirSync(join(folder, 'bin'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function record(answers: [string, string][], ...words: (string | Record<string, string>)[]) {
  const args = words.filter((word) => typeof word === 'string');
  const more = words.find((word) => typeof word !== 'string');
  const cases = answers.map(([words, answer]) => {
    // In a shell pattern, only the star has a special meaning.
    const pattern = words
      .split('*')
      .map((part) => `"${part}"`)
      .join('*');
    const what = answer.endsWith('.json') ? `cat '${join(SAMPLE, answer)}'` : `echo '${answer}'`;
    return `${pattern}*) ${what};;`;
  });
  const path = join(folder, 'bin/az');
  writeFileSync(path, `#!/bin/sh\ncase "$*" in\n${cases.join('\n')}\n*) echo "az: $*?" >&2; exit 3;;\nesac\n`);
  chmodSync(path, 0o755);
  const env = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, ...more };
  return spawnSync('sh', [SCRIPT, ...args], { env, encoding: 'utf8' });
}

it('writes every file that adopt reads, readable by its owner only', () => {
  const out = join(folder, 'recorded');
  const { status, stderr } = record(ANSWERS, 'g', 'v', 'f', out);
  expect({ status, stderr }).toMatchObject({ status: 0 });
  const written = readdirSync(out).sort();
  expect(written).toEqual(
    readdirSync(SAMPLE)
      .filter((name) => !['broker.txt', 'telemetry.json', 'database.json'].includes(name))
      .sort(),
  );
  for (const name of written) {
    expect(readFileSync(join(out, name), 'utf8')).toBe(readFileSync(join(SAMPLE, name), 'utf8'));
  }
});

it.each([
  ['a connection string', 'DefaultEndpointsProtocol=https;AccountName=stother1;AccountKey=c2VjcmV0', 'stother1'],
  ['the setting for an identity', 'stother2', 'stother2'],
  ['the address of its blobs', 'https://stother3.blob.core.windows.net', 'stother3'],
  ['a reference to a vault, which says nothing', '@Microsoft.KeyVault(VaultName=x;SecretName=x)', ''],
])('of the app’s storage its name alone, out of %s', (_, setting, name) => {
  const out = join(folder, 'recorded');
  const answers = ANSWERS.map(([words, answer]): [string, string] => [
    words,
    words.includes('AzureWebJobsStorage__blobServiceUri') ? setting : answer,
  ]);
  expect(record(answers, 'g', 'v', 'f', out).status).toBe(0);
  expect(readFileSync(join(out, 'function-storage.txt'), 'utf8').trim()).toBe(name);
  for (const file of readdirSync(out)) expect(readFileSync(join(out, file), 'utf8'), file).not.toContain('c2VjcmV0');
});

it('of the broker what is safe to keep: accounts, listeners, and whether clients keep their sessions', () => {
  const out = join(folder, 'recorded');
  const broker = join(folder, 'broker');
  mkdirSync(join(broker, 'conf.d'), { recursive: true });
  writeFileSync(join(broker, 'passwd'), 'admin:$7$101$c2FsdA==$aGFzaA==\n');
  writeFileSync(join(broker, 'mosquitto.conf'), 'persistence true\nlistener 1883 0.0.0.0\nallow_anonymous false\n');
  writeFileSync(join(broker, 'conf.d/tls.conf'), `certfile ${join(broker, 'none.crt')}\n`);
  // Lines of Mosquitto 2.0's log; the second file is a rotated one.
  const came = (id: string, session: string) =>
    `1796000000: New client connected from 198.51.100.7:50123 as ${id} (p2, ${session}, k60, u'admin').\n`;
  writeFileSync(
    join(broker, 'mosquitto.log'),
    `1796000000: Sending CONNACK to x (0, 0)\n${came('auto-1', 'c1').repeat(3)}`,
  );
  writeFileSync(join(broker, 'mosquitto.log.1.gz'), gzipSync(came('ingest (p2, c1, k1', 'c0')));
  // The script is for the broker's machine: here its folders are others.
  const ssh = `#!/bin/sh\nsed -e 's#/etc/mosquitto#${broker}#g' -e 's#/var/log/mosquitto#${broker}#g' | sh -s\n`;
  writeFileSync(join(folder, 'bin/ssh'), ssh, { mode: 0o755 });
  expect(record(ANSWERS, 'g', 'v', 'f', out, { BROKER_SSH: 'azureuser@broker' }).status).toBe(0);
  expect(readFileSync(join(out, 'broker.txt'), 'utf8').trim().split('\n')).toEqual([
    'user admin',
    'listener 1883 0.0.0.0',
    'allow_anonymous false',
    `certfile ${join(broker, 'none.crt')}`,
    'session persistent 1',
    'session clean 3',
  ]);
});

it('leaves the database to a program that takes the URL from its environment: no password is on a command line', () => {
  const out = join(folder, 'recorded');
  writeFileSync(join(folder, 'bin/npm'), `#!/bin/sh\necho "$*" >'${folder}/npm.txt'\n`, { mode: 0o755 });
  const url = 'postgresql://postgres:c2VjcmV0@db.example.com:5432/postgres';
  expect(record(ANSWERS, 'g', 'v', 'f', out, { DATABASE_URL: url }).status).toBe(0);
  const words = readFileSync(join(folder, 'npm.txt'), 'utf8').trim();
  expect(words).toMatch(/ run --silent ops -- adopt record-database \/.*\/recorded$/);
  expect(readFileSync(join(out, 'database-role.txt'), 'utf8')).toBe('postgres.abcdefghijklmnop\n');
  for (const file of readdirSync(out)) expect(readFileSync(join(out, file), 'utf8'), file).not.toContain('c2VjcmV0');
});

it('stops where az refuses, and leaves no half of a file', () => {
  const out = join(folder, 'recorded');
  const { status } = record(
    ANSWERS.filter(([words]) => words !== 'vm show'),
    'g',
    'v',
    'f',
    out,
  );
  expect(status).toBe(3);
  expect(readdirSync(out).filter((name) => name === 'vm.json')).toEqual([]);
});

it.each([
  ['networkSecurityGroup', 'nor its subnet has a security group'],
  ['publicIPAddress', 'no public address'],
  ['serverFarmId', 'no plan'],
  ['networkInterfaces', 'no interface'],
  ['storageProfile.osDisk', 'no managed disk'],
])('says what an environment lacks, where az would name an option: %s', (of, lacks) => {
  const none: [string, string][] = ANSWERS.filter(([words]) => words.includes(`*${of}`)).map(([words]) => [words, '']);
  const subnets: [string, string] = ['network vnet subnet show', ''];
  const { status, stderr } = record([...none, subnets, ...ANSWERS], 'g', 'v', 'f', join(folder, 'recorded'));
  expect(status).toBe(1);
  expect(stderr.trim().split('\n').at(-1)).toContain(lacks);
});

it('says how it is used', () => {
  const { status, stderr } = record([], 'g');
  expect(status).toBe(2);
  expect(stderr).toContain('usage: ');
});
