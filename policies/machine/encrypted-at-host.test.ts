// Encryption without the host: every disk needs its own key, and none may be unmanaged.
import { expect, test } from 'vitest';
import { UNKNOWN } from '../known.ts';
import { resource } from '../testing/plan.ts';
import { judge } from '../testing/specimen.ts';
import { VIRTUAL_MACHINE } from '../types.ts';
import { encryptedAtHost } from './encrypted-at-host.ts';

const own = { managedDisk: { diskEncryptionSet: { id: '/set' } } };
const machine = (storageProfile: unknown) => [resource(VIRTUAL_MACHINE, 'vm', { storageProfile })];

test('a disk encryption set on every disk does', () => {
  expect(judge(encryptedAtHost, machine({ osDisk: own }))).toEqual([]);
  expect(judge(encryptedAtHost, machine({ osDisk: own, dataDisks: [own] }))).toEqual([]);
});
test.each([[{ osDisk: own, dataDisks: [{}] }], [{ osDisk: {}, dataDisks: [own] }], [{ dataDisks: [own] }], [{}]])(
  '%j does not',
  (storageProfile) => {
    expect(judge(encryptedAtHost, machine(storageProfile))).toHaveLength(1);
  },
);
test('a profile or a disk that is not known is neither encrypted nor managed', () => {
  expect(judge(encryptedAtHost, machine(UNKNOWN))).toHaveLength(2);
  expect(judge(encryptedAtHost, machine({ osDisk: own, dataDisks: UNKNOWN }))).toHaveLength(2);
});
