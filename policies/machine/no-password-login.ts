// VM-01: SSH login with keys only.
import { at, isSet } from '../known.ts';
import { DEFAULT_IS_SAFE, type Finding, REQUIRED, type ResourceRule, violation } from '../rule.ts';
import { VIRTUAL_MACHINE } from '../types.ts';

export const noPasswordLogin: ResourceRule = {
  id: 'VM-01',
  name: 'vm-no-password-login',
  phase: 0,
  severity: 'critical',
  enforcement: 'mandatory',
  demand:
    'A virtual machine sets osProfile.linuxConfiguration.disablePasswordAuthentication to true and has no adminPassword. An absent value is a violation because Azure then allows passwords; so is an unknown one.',
  reason: 'A password on a machine with a public address will be guessed sooner or later; an SSH key will not.',
  fix: 'set osProfile.linuxConfiguration.disablePasswordAuthentication: true, add an SSH public key and remove osProfile.adminPassword',
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
    'both are fixed when the machine is created, so a change needs a new machine, and without a key nobody could sign in',
  types: [VIRTUAL_MACHINE],
  check({ urn, name, props }) {
    const findings: Finding[] = [];
    const property = 'osProfile.linuxConfiguration.disablePasswordAuthentication';
    const isDisabled = at(props, ...property.split('.'));
    if (isDisabled !== true) findings.push(violation({ urn, name }, property, isDisabled, 'allows password logins'));
    if (isSet(at(props, 'osProfile', 'adminPassword')))
      findings.push({ urn, message: `"${name}" sets osProfile.adminPassword.` });
    return findings;
  },
};
