// VM-01: keys only.

import { at, isSet } from '../known.ts';
import { DEFAULT_IS_SAFE, type Finding, REQUIRED, type ResourceRule } from '../rule.ts';
import { VIRTUAL_MACHINE } from '../types.ts';

export const noPasswordLogin: ResourceRule = {
  id: 'VM-01',
  name: 'vm-no-password-login',
  phase: 0,
  severity: 'critical',
  enforcement: 'mandatory',
  demand:
    'A virtual machine sets osProfile.linuxConfiguration.disablePasswordAuthentication to true and has no adminPassword. Absent counts as a violation, for Azure then allows passwords; so does unknown.',
  reason: 'A password on a machine with a public address is guessed sooner or later; a key is not.',
  fix: 'set osProfile.linuxConfiguration.disablePasswordAuthentication: true, give an SSH public key and remove osProfile.adminPassword',
  sources: [
    'Microsoft Learn, "Create and manage SSH keys for authentication to a Linux VM" (https://learn.microsoft.com/azure/virtual-machines/linux/create-ssh-keys-detailed)',
    'Checkov CKV_AZURE_1, CKV_AZURE_149, CKV_AZURE_178',
    'Trivy AZU-0039',
  ],
  properties: {
    'VirtualMachine.osProfile.linuxConfiguration.disablePasswordAuthentication': REQUIRED,
    'VirtualMachine.osProfile.adminPassword': DEFAULT_IS_SAFE,
  },
  remedy:
    'Azure fixes both when the machine is made: another value is another machine, and without a key nobody could sign in',
  types: [VIRTUAL_MACHINE],
  check({ urn, name, props }) {
    const findings: Finding[] = [];
    if (at(props, 'osProfile', 'linuxConfiguration', 'disablePasswordAuthentication') !== true) {
      findings.push({ urn, message: `"${name}" does not surely refuse password logins.` });
    }
    if (isSet(at(props, 'osProfile', 'adminPassword')))
      findings.push({ urn, message: `"${name}" has an administrator password.` });
    return findings;
  },
};
