// VM-02: boot data is no place for a secret.

import { at, type Known, UNKNOWN } from '../known.ts';
import { DEFAULT_IS_SAFE, type Finding, type ResourceRule } from '../rule.ts';
import { secretsAnywhereIn } from '../secrets/detectors.ts';
import { VIRTUAL_MACHINE } from '../types.ts';

function judge(value: Known, property: string): string[] {
  if (value === undefined || value === null || value === '') return [];
  if (value === UNKNOWN) return [`${property} is not known during preview, so a secret in it cannot be ruled out.`];
  if (typeof value !== 'string') return [`${property} is not a text.`];
  return secretsAnywhereIn(value).map((kind) => `${property} holds ${kind}.`);
}

export const noSecretInBootData: ResourceRule = {
  id: 'VM-02',
  name: 'vm-no-secret-in-boot-data',
  phase: 0,
  severity: 'critical',
  enforcement: 'mandatory',
  demand:
    'customData and userData of a virtual machine hold no secret, under whatever layers of base64, gzip and MIME. Absent is fine; unknown in the preview is a violation.',
  reason:
    'Boot data stays readable on the machine and through its metadata service for every process and for everyone who may read the machine in Azure, and it cannot be rotated: customData never changes.',
  fix: 'put the secret into Key Vault and let the machine read it with its managed identity; build boot data from configuration only, so that the preview knows it',
  sources: [
    'Microsoft Learn, "Custom data and cloud-init on Azure virtual machines" (https://learn.microsoft.com/azure/virtual-machines/custom-data)',
    'Trivy AZU-0037',
  ],
  properties: {
    'VirtualMachine.osProfile.customData': DEFAULT_IS_SAFE,
    'VirtualMachine.userData': DEFAULT_IS_SAFE,
  },
  remedy: 'a secret that was written there must be changed, and the machine must get it another way',
  types: [VIRTUAL_MACHINE],
  check: ({ urn, props }): Finding[] =>
    [...judge(at(props, 'osProfile', 'customData'), 'osProfile.customData'), ...judge(props.userData, 'userData')].map(
      (message) => ({ urn, message }),
    ),
};
