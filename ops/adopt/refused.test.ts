// What an adoption refuses: environments it cannot take over as they are, steps out of order, and a grace that has ended.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import { preview } from '../../preview/preview.ts';
import { planAdoption } from './plan.ts';
import { readRecording } from './recording.ts';
import { DAYS } from './testing/recordings.ts';
import { type Adopted, adoptSample, SAMPLE } from './testing/sample.ts';

let sample: Adopted;
beforeAll(() => {
  sample = adoptSample();
  expect(sample.adopt('phase', '1').status).toBe(0);
});
afterAll(() => sample.remove());

/** A copy of the sample with one file changed. */
function changed(file: string, change: (value: never) => void): string {
  const copy = mkdtempSync(join(sample.folder, 'recorded-'));
  cpSync(SAMPLE, copy, { recursive: true });
  const value = JSON.parse(readFileSync(join(copy, file), 'utf8'));
  change(value as never);
  writeFileSync(join(copy, file), JSON.stringify(value));
  return copy;
}

/** Changes the stack file for as long as the test runs. */
function change(edit: (text: string) => string): void {
  const file = join(sample.folder, 'Pulumi.dev.yaml');
  const text = readFileSync(file, 'utf8');
  onTestFinished(() => writeFileSync(file, text));
  writeFileSync(file, edit(text));
}
/** A stack that is not adopted yet. */
const fresh = () => change(() => readFileSync(join(ROOT, 'Pulumi.dev.yaml'), 'utf8'));

/** What `ops adopt` begins with. @throws Error that it prints. */
const plan = (folder: string) => planAdoption(readRecording(folder), DAYS);

test.each([
  [
    'rules that Azure cannot have printed',
    'nsg.json',
    (nsg: { securityRules: { priority: number }[] }) => {
      for (const rule of nsg.securityRules) rule.priority = 1000;
    },
    'have one inbound priority 1000, which Azure does not allow: record it again',
  ],
  [
    'a part in another group',
    'vnet.json',
    (vnet: { id: string }) => {
      vnet.id = vnet.id.replace('MyLowCostVM_group', 'Other');
    },
    'is not in the group MyLowCostVM_group',
  ],
  [
    'fields that are wrong or missing, each by its name',
    'vm.json',
    (vm: { id: string; hardwareProfile?: object }) => {
      vm.id = 'zeroclaw-b1s';
      delete vm.hardwareProfile;
    },
    `the recording cannot be used:
  vm.json has an id that is not the id of an Azure resource
  vm.json has no hardwareProfile.vmSize
Record the environment again`,
  ],
  [
    'an entry of a list that lacks something',
    'storage.json',
    (accounts: { sku?: object }[]) => {
      delete accounts[0]?.sku;
    },
    'storage.json entry 1 has no sku.name',
  ],
] as const)('%s', (_, file, edit, message) => {
  expect(() => plan(changed(file, edit as never))).toThrow(message);
});

test('a size that nobody chose, until the stack file has one', () => {
  fresh();
  const before = readFileSync(join(sample.folder, 'Pulumi.dev.yaml'), 'utf8');
  const odd = changed('vm.json', (vm: { hardwareProfile: { vmSize: string } }) => {
    vm.hardwareProfile.vmSize = 'Standard_D2s_v3';
  });
  const { status, stderr } = sample.adopt('--from', odd);
  expect(status).toBe(1);
  expect(stderr).toContain('broker-vm.hardwareProfile.vmSize ("Standard_D2s_v3")');
  expect(readFileSync(join(sample.folder, 'Pulumi.dev.yaml'), 'utf8')).toBe(before);
  writeFileSync(join(sample.folder, 'Pulumi.dev.yaml'), `${before}  mqtt-saas:vmSize: Standard_B2s_v2\n`);
  const days = ['--public-until', '2099-03-31', '--gateway-until', '2099-12-31'];
  const chosen = sample.adopt('--from', odd, ...days, '--ingest-session', 'persistent');
  expect(chosen.status).toBe(0);
  expect(readFileSync(join(sample.folder, 'Pulumi.dev.yaml'), 'utf8')).toContain('vmSize: Standard_B2s_v2\n');
  // What adopt.test.ts has for an ingest whose session ends: the report waits for no queue, and says what is lost.
  const [pause, stop] = [chosen.stdout.indexOf('-n pause '), chosen.stdout.indexOf('az functionapp stop')];
  expect([pause > 0, pause < stop]).toEqual([true, true]);
  expect(chosen.stdout).not.toContain('between the runs of the old ingest is lost');
});

test('a file that is something else', () => {
  const copy = changed('vm.json', () => {});
  writeFileSync(join(copy, 'storage.json'), '{}');
  writeFileSync(join(copy, 'nic.json'), '[]');
  expect(() => plan(copy)).toThrow(':\n  nic.json is not an object\n  storage.json is not a list\nRecord');
});

test.each(['--public-until', '--gateway-until'])('%s that is not a date', (option) => {
  const { status, stderr } = sample.adopt('--from', SAMPLE, option, '2027-02-30');
  expect({ status, stderr }).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('Give a date such as 2027-03-31'),
  });
});

test.each([
  [['--public-until', '2020-01-31'], '--public-until 2020-01-31 has passed'],
  [
    ['--public-until', '2099-03-31', '--gateway-until', '2099-03-30'],
    '--gateway-until 2099-03-30 is before 2099-03-31',
  ],
])('days that cannot be kept: %j', (days, said) => {
  fresh();
  const { status, stderr } = sample.adopt('--from', SAMPLE, ...days);
  expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringContaining(said) });
});

test('a second adoption, a skipped phase, and a folder without a recording', () => {
  expect(sample.adopt('--from', SAMPLE).stderr).toContain('is adopted already');
  expect(sample.adopt('phase', '3').stderr).toContain('phase 2 comes before 3');
  expect(sample.adopt('phase', '9').stderr).toContain('phases 0 to 4');
  fresh();
  expect(sample.adopt('--from', sample.folder).stderr).toMatch(/group\.json is missing: record the environment/);
});

test('to keep the old openings after the day has passed', async () => {
  change((text) => text.replace('2099-03-31', '2020-03-31'));
  await expect(preview({ stack: 'dev', root: sample.folder, policyPack: false })).rejects.toThrow(
    /ended its grace period on 2020-03-31.*go to phase 2/,
  );
});

test('a resource that the program does not have by that name: it would be made beside what runs', async () => {
  change((text) => text.replace(/^( +)network-vnet:$/m, '$1network-virtual:'));
  await expect(preview({ stack: 'dev', root: sample.folder, policyPack: false })).rejects.toThrow(
    /the adoption names network-virtual, and the program has no resource of that name/,
  );
});

test('an adoption that fails half-way leaves the stack file as it was, so that it can be tried again', () => {
  fresh();
  const file = join(sample.folder, 'Pulumi.dev.yaml');
  const before = readFileSync(file, 'utf8');
  const details = join(sample.folder, 'adoption.dev.md');
  rmSync(details);
  mkdirSync(details);
  onTestFinished(() => rmSync(details, { recursive: true }));
  const { status, stderr } = sample.adopt('--from', SAMPLE);
  expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringContaining('adoption.dev.md') });
  expect(readFileSync(file, 'utf8')).toBe(before);
});
