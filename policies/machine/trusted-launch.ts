// VM-04: the machine boots only what is signed.
import { at, type Known } from '../known.ts';
import { REQUIRED, type ResourceRule } from '../rule.ts';
import { VIRTUAL_MACHINE } from '../types.ts';

/** A confidential machine has what Trusted Launch has and more. */
const TRUSTED: Known[] = ['TrustedLaunch', 'ConfidentialVM'];

export const trustedLaunch: ResourceRule = {
  id: 'VM-04',
  name: 'vm-trusted-launch',
  phase: 1,
  severity: 'medium',
  enforcement: 'mandatory',
  demand: 'A machine has the security type TrustedLaunch (or ConfidentialVM) with secure boot and a virtual TPM.',
  reason: 'Without secure boot a changed boot loader or kernel starts before anything that could notice it.',
  fix: 'set securityProfile: { securityType: "TrustedLaunch", uefiSettings: { secureBootEnabled: true, vTpmEnabled: true } }',
  sources: [
    'Microsoft Learn, "Trusted Launch for Azure virtual machines" (https://learn.microsoft.com/azure/virtual-machines/trusted-launch)',
    'CIS Azure Foundations 3.0 8.11',
  ],
  properties: {
    'VirtualMachine.securityProfile.securityType': REQUIRED,
    'VirtualMachine.securityProfile.uefiSettings.secureBootEnabled': REQUIRED,
    'VirtualMachine.securityProfile.uefiSettings.vTpmEnabled': REQUIRED,
  },
  types: [VIRTUAL_MACHINE],
  remedy:
    'it needs an image of generation 2 and a size that can do it, and an existing machine has to be stopped for it',
  check({ urn, name, props }) {
    const profile = at(props, 'securityProfile');
    const isTrusted =
      TRUSTED.includes(at(profile, 'securityType')) &&
      at(profile, 'uefiSettings', 'secureBootEnabled') === true &&
      at(profile, 'uefiSettings', 'vTpmEnabled') === true;
    return isTrusted
      ? []
      : [{ urn, message: `"${name}" does not surely boot by Trusted Launch with secure boot and TPM.` }];
  },
};
