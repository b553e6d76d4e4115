// VM-04: the machine boots only signed code.
import { at, type Known } from '../known.ts';
import { REQUIRED, type ResourceRule } from '../rule.ts';
import { VIRTUAL_MACHINE } from '../types.ts';

/** Confidential machines include Trusted Launch. */
const TRUSTED: Known[] = ['TrustedLaunch', 'ConfidentialVM'];

export const trustedLaunch: ResourceRule = {
  id: 'VM-04',
  name: 'vm-trusted-launch',
  phase: 1,
  severity: 'medium',
  enforcement: 'mandatory',
  demand: 'A machine has the security type TrustedLaunch (or ConfidentialVM) with secure boot and a virtual TPM.',
  reason: 'Without secure boot, a modified boot loader or kernel starts before anything that could detect it.',
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
  remedy: 'it needs a generation 2 image and a size that supports it, and an existing machine must be stopped first',
  check({ urn, name, props }) {
    const profile = at(props, 'securityProfile');
    const isTrusted =
      TRUSTED.includes(at(profile, 'securityType')) &&
      at(profile, 'uefiSettings', 'secureBootEnabled') === true &&
      at(profile, 'uefiSettings', 'vTpmEnabled') === true;
    return isTrusted
      ? []
      : [
          {
            urn,
            message: `"${name}": Trusted Launch with secure boot and a virtual TPM is not enabled, or not known during preview.`,
          },
        ];
  },
};
