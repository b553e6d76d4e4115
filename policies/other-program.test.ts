// The pack on another program, through the whole preview: what it reports, and what an exception changes.
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../bootstrap/root.mjs';
import type { PolicyReport } from '../preview/policy/pack.ts';
import { mandatoryAmong } from '../preview/policy/violation.ts';
import { preview } from '../preview/preview.ts';

let folder: string;
let pack: string;

const VAULT = 'urn:pulumi:staging::shop::azure-native:keyvault/v20250101:Vault::keys';
const exception = (policy: string, expires: string) => ({
  policy,
  urn: VAULT,
  reason: 'The shop moves in spring.',
  expires,
});

/** Previews the program with a copy of the pack that grants these exceptions. */
async function report(exceptions: object[]): Promise<PolicyReport> {
  writeFileSync(join(pack, 'exceptions.json'), JSON.stringify(exceptions));
  const result = await preview({ stack: 'staging', root: join(folder, 'shop'), policyPack: pack });
  return result.policies!;
}
const mandatory = ({ violations }: PolicyReport) =>
  mandatoryAmong(violations)
    .map(({ policy }) => policy)
    .sort();

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'other-program-'));
  pack = join(folder, 'pack');
  mkdirSync(pack);
  cpSync(join(ROOT, 'policies'), pack, { recursive: true });
  cpSync(join(pack, 'testing/other-program'), join(folder, 'shop'), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** One group is the program's own, the other is only read. */
const UNSAFE = [
  'network-ingress-contract',
  'network-ingress-contract',
  'storage-no-public-blobs',
  'vault-purge-protection',
  'vault-soft-delete',
];

test('a program with dated types is judged, its stack as production, and the findings are reported', async () => {
  const result = await report([]);
  expect(mandatory(result)).toEqual([...UNSAFE, 'vault-closed-network'].sort());
  const advice = result.violations.filter(({ level }) => level === 'advisory').map(({ policy }) => policy);
  expect(advice).toEqual(['storage-soft-delete']);
  expect(result.violations.map(({ message }) => message).join()).toContain('to 3389/tcp is allowed by rule "rdp"');
  const theirs = result.violations.find(({ urn }) => urn.endsWith('::theirs'))!;
  expect(theirs.message).toContain('group "theirs" cannot be judged');
  expect(result.output).toBe('');
});

test('an exception excuses one finding and is in the report; an expired one is refused', async () => {
  const result = await report([
    exception('vault-closed-network', '9999-12-31'),
    exception('vault-soft-delete', '2026-01-01'),
    exception('network-ingress-contract', '9999-12-31'),
  ]);
  const refused = 'policy-exceptions-in-order';
  expect(mandatory(result)).toEqual([...UNSAFE, refused, refused].sort());
  expect(result.output).toBe(
    'exception until 9999-12-31: vault-closed-network on Vault keys, excuses 1 finding: The shop moves in spring.',
  );
});
