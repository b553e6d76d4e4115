// What an adoption refuses: environments it cannot take over as they are, steps out of order, and a grace that has ended.
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../bootstrap/root.mjs';
import { preview } from '../../preview/preview.ts';
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
const fresh = () => {
  const text = readFileSync(join(sample.folder, 'Pulumi.dev.yaml'), 'utf8');
  cpSync(join(ROOT, 'Pulumi.dev.yaml'), join(sample.folder, 'Pulumi.dev.yaml'));
  return () => writeFileSync(join(sample.folder, 'Pulumi.dev.yaml'), text);
};

test.each([
  [
    'a rule that opens SSH with other ports',
    'nsg.json',
    (nsg: { securityRules: { destinationPortRange: string }[] }) => {
      (nsg.securityRules[0] as { destinationPortRange: string }).destinationPortRange = '0-65535';
    },
    'the security rule allow-ssh opens SSH together with other ports',
  ],
  [
    'a part in another group',
    'vnet.json',
    (vnet: { id: string }) => {
      vnet.id = vnet.id.replace('MyLowCostVM_group', 'Other');
    },
    'is not in the group MyLowCostVM_group',
  ],
] as const)('%s', (_, file, change, message) => {
  const restore = fresh();
  const { status, stderr } = sample.adopt('--from', changed(file, change as never));
  restore();
  expect(status).toBe(1);
  expect(stderr).toContain(message);
});

test('a second adoption, a phase that is skipped, and a folder that is none', () => {
  expect(sample.adopt('--from', SAMPLE).stderr).toContain('is adopted already');
  expect(sample.adopt('phase', '3').stderr).toContain('phase 2 comes before 3');
  expect(sample.adopt('phase', '9').stderr).toContain('phases 0 to 4');
  const restore = fresh();
  expect(sample.adopt('--from', sample.folder).stderr).toMatch(/group\.json is missing: record the environment/);
  restore();
});

test('to stay with the old ways in once the day is over', async () => {
  const file = join(sample.folder, 'Pulumi.dev.yaml');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('2099-03-31', '2020-03-31'));
  await expect(preview({ stack: 'dev', root: sample.folder, policyPack: false })).rejects.toThrow(
    /ended its grace on 2020-03-31.*go to phase 2/,
  );
  writeFileSync(file, text);
});
