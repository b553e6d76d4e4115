// VM-02: boot data contains no secrets.
import { at, type Known, UNKNOWN } from '../known.ts';
import { DEFAULT_IS_SAFE, type Finding, type ResourceRule } from '../rule.ts';
import { secretsAnywhereIn } from '../secrets/detectors.ts';
import { VIRTUAL_MACHINE } from '../types.ts';

function judge(value: Known, property: string): string[] {
  if (value === undefined || value === null || value === '') return [];
  if (value === UNKNOWN) return [`${property} is not known during preview, so a secret in it cannot be ruled out.`];
  if (typeof value !== 'string') return [`${property} is not a string.`];
  return secretsAnywhereIn(value).map((kind) => `${property} contains ${kind}.`);
}

export const noSecretInBootData: ResourceRule = {
  id: 'VM-02',
  name: 'vm-no-secret-in-boot-data',
  phase: 0,
  severity: 'critical',
  enforcement: 'mandatory',
  demand:
    'customData and userData of a virtual machine contain no secret, not even inside layers of base64, gzip and MIME. They may be absent but must be known during preview.',
  reason:
    'Every process on the machine and everyone who may read the machine in Azure can read boot data, and a secret in it cannot be rotated: customData never changes.',
  fix: 'store the secret in Key Vault and let the machine read it with its managed identity; build boot data from configuration only, so that it is known during preview',
  sources: [
    'Microsoft Learn, "Custom data and cloud-init on Azure virtual machines" (https://learn.microsoft.com/azure/virtual-machines/custom-data)',
    'Trivy AZU-0037',
  ],
  properties: {
    'VirtualMachine.osProfile.customData': DEFAULT_IS_SAFE,
    'VirtualMachine.userData': DEFAULT_IS_SAFE,
  },
  remedy: 'a secret that was exposed must be replaced, and the machine must get it another way',
  types: [VIRTUAL_MACHINE],
  check: ({ urn, props }): Finding[] =>
    [...judge(at(props, 'osProfile', 'customData'), 'osProfile.customData'), ...judge(props.userData, 'userData')].map(
      (message) => ({ urn, message }),
    ),
};
