// A machine without encryption at host: refused, unless the pack has the exception that docs/reference/policies.md shows.
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { ROOT } from '../bootstrap/root.mjs';
import { having, judged, one } from './testing/plan.ts';

const PAGE = readFileSync(join(ROOT, 'docs/reference/policies.md'), 'utf8');
const [, SECTION = ''] = PAGE.split('### Without encryption at host');
const WRITTEN = JSON.parse(/```json\n([\s\S]*?)```/.exec(SECTION)?.[1] ?? '{}');

/** A copy of the pack with one more exception. */
function packWith(exception: object): string {
  const folder = mkdtempSync(join(tmpdir(), 'pack-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const pack = join(folder, 'policies');
  cpSync(join(ROOT, 'policies'), pack, { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const file = join(pack, 'exceptions.json');
  writeFileSync(file, JSON.stringify([...JSON.parse(readFileSync(file, 'utf8')), exception]));
  return pack;
}

const OFF = having('encryptionAtHost: false');

it('is refused, and the refusal says where the exception is', async () => {
  const { policies } = await judged('dev', OFF);
  expect(policies?.violations).toMatchObject([
    { policy: 'vm-encrypted-disks', level: 'mandatory', urn: WRITTEN.urn.replace('*', 'dev') },
  ]);
  expect(policies?.violations[0]?.message).toContain('docs/reference/policies.md, "Without encryption at host"');
});

it('passes with the exception of the documentation, which the report then names', async () => {
  // Its date is for the reader to choose.
  const pack = packWith({ ...WRITTEN, expires: '9999-12-31' });
  const { plan, policies } = await judged('dev', OFF, 'dev', pack);
  expect(one(plan, 'compute:VirtualMachine').inputs.securityProfile.encryptionAtHost).toBe(false);
  expect(policies?.violations).toEqual([]);
  expect(policies?.output).toContain(
    `exception until 9999-12-31: vm-encrypted-disks on VirtualMachine broker-vm, excuses 1 finding: ${WRITTEN.reason}`,
  );
});
