// The recording script against a stand-in for az that answers with the sample: what it writes is the sample again.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
    "functionapp config appsettings list*AzureWebJobsStorage__accountName'].value",
    'DefaultEndpointsProtocol=https;AccountName=stzeroclaw7f3a;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net',
  ],
  // Only with this query no value leaves Azure.
  ['functionapp config appsettings list*--query*name: name, reference: starts_with(value', 'appsettings.json'],
  ['appservice plan show --ids /x/serverFarms/p', 'plan.json'],
  ['storage account list', 'storage.json'],
  ['sshkey list', 'ssh-keys.json'],
];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'record-'));
  mkdirSync(join(folder, 'bin'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function record(answers: [string, string][], ...args: string[]) {
  const cases = answers.map(([words, answer]) => {
    // In a pattern of the shell only the star is no letter.
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
  const env = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin` };
  return spawnSync('sh', [SCRIPT, ...args], { env, encoding: 'utf8' });
}

it('writes every file that adopt reads, readable by its owner only', () => {
  const out = join(folder, 'recorded');
  const { status, stderr } = record(ANSWERS, 'g', 'v', 'f', out);
  expect({ status, stderr }).toMatchObject({ status: 0 });
  const written = readdirSync(out).sort();
  expect(written).toEqual(
    readdirSync(SAMPLE)
      .filter((name) => !['broker.txt', 'telemetry.json'].includes(name))
      .sort(),
  );
  for (const name of written) {
    expect(readFileSync(join(out, name), 'utf8')).toBe(readFileSync(join(SAMPLE, name), 'utf8'));
  }
});

it.each([
  ['a connection string', 'DefaultEndpointsProtocol=https;AccountName=stother1;AccountKey=c2VjcmV0', 'stother1'],
  ['the setting for an identity', 'stother2', 'stother2'],
  ['a reference to a vault, which says nothing', '@Microsoft.KeyVault(VaultName=x;SecretName=x)', ''],
])('of the app’s storage its name alone, out of %s', (_, setting, name) => {
  const out = join(folder, 'recorded');
  const answers = ANSWERS.map(([words, answer]): [string, string] => [
    words,
    words.includes('AzureWebJobsStorage__accountName') ? setting : answer,
  ]);
  expect(record(answers, 'g', 'v', 'f', out).status).toBe(0);
  expect(readFileSync(join(out, 'function-storage.txt'), 'utf8').trim()).toBe(name);
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

it('says how it is used', () => {
  const { status, stderr } = record([], 'g');
  expect(status).toBe(2);
  expect(stderr).toContain('usage: ');
});

it('has no fault that shellcheck finds', ({ skip }) => {
  const { error, status, stdout } = spawnSync('shellcheck', ['-s', 'sh', SCRIPT], { encoding: 'utf8' });
  if (error) skip('shellcheck is not installed');
  expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
});
