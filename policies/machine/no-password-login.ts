// VM-01: keys only.
import type { Finding, ResourceRule } from '../define.ts';
import { at, isSet } from '../known.ts';
import { VIRTUAL_MACHINE } from './types.ts';

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
