// VM-03: the machine's disks are encrypted, including caches and the temporary disk.
import { at, entriesOf, isObject, isSet, type Known, UNKNOWN } from '../known.ts';
import { DEFAULT_IS_SAFE, type Finding, REQUIRED, type ResourceRule } from '../rule.ts';
import { DISK, VIRTUAL_MACHINE } from '../types.ts';

/** True for a disk that is a VHD in a storage account instead of a managed disk, or may be one. */
function isUnmanaged(disk: Known): boolean {
  return disk === UNKNOWN || isSet(at(disk, 'vhd'));
}

function hasOwnKey(disk: Known): boolean {
  const set = at(disk, 'managedDisk', 'diskEncryptionSet');
  return isObject(set) && isSet(set.id);
}

function judgeMachine(props: Known): string[] {
  const storage = at(props, 'storageProfile');
  const disks: Known[] = [at(storage, 'osDisk'), ...entriesOf(at(storage, 'dataDisks'))];
  const isEncrypted = at(props, 'securityProfile', 'encryptionAtHost') === true;
  const found: string[] = [];
  if (!isEncrypted && !disks.every(hasOwnKey))
    found.push('has no encryption at host, and not every disk has a disk encryption set');
  if (storage === UNKNOWN || disks.some(isUnmanaged))
    found.push('has an unmanaged disk (vhd), or its disks are not known during preview');
  return found;
}

export const encryptedAtHost: ResourceRule = {
  id: 'VM-03',
  name: 'vm-encrypted-disks',
  phase: 1,
  severity: 'high',
  enforcement: 'mandatory',
  demand:
    'A machine has encryption at host, or each of its disks has a disk encryption set. No disk is an unmanaged VHD, and no managed disk is imported from one.',
  reason:
    'Managed disks are encrypted at rest by default, but their caches and the temporary disk are not, and a VHD in a storage account is only as safe as the account’s keys.',
  fix: 'set securityProfile.encryptionAtHost: true (mqtt-saas:encryptionAtHost) and use managed disks; a subscription without the feature needs the exception in docs/reference/policies.md, "Without encryption at host"',
  sources: [
    'Microsoft Learn, "Overview of managed disk encryption options" (https://learn.microsoft.com/azure/virtual-machines/disk-encryption-overview)',
    'CIS Azure Foundations 3.0 8.2, 8.3',
    'Checkov CKV_AZURE_2, CKV_AZURE_92',
    'Trivy AZU-0038',
  ],
  properties: {
    'VirtualMachine.securityProfile.encryptionAtHost': REQUIRED,
    'VirtualMachine.storageProfile.osDisk.vhd': DEFAULT_IS_SAFE,
    'Disk.creationData.sourceUri': DEFAULT_IS_SAFE,
  },
  types: [VIRTUAL_MACHINE, DISK],
  remedy: 'the subscription must have the feature EncryptionAtHost, and a running machine must be stopped first',
  check({ urn, name, type, props }): Finding[] {
    if (type === VIRTUAL_MACHINE) return judgeMachine(props).map((wrong) => ({ urn, message: `"${name}" ${wrong}.` }));
    return isSet(at(props, 'creationData', 'sourceUri'))
      ? [{ urn, message: `"${name}" is imported from an unmanaged VHD, or creationData is not known during preview.` }]
      : [];
  },
};
