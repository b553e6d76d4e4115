// PVE-02: SSH keys only, and no secret in user data.
import { at, type Known, UNKNOWN } from '../known.ts';
import { DEFAULT_IS_SAFE, type Finding, type ResourceRule } from '../rule.ts';
import { secretsAnywhereIn } from '../secrets/detectors.ts';
import { PROXMOX_FILE, PROXMOX_MACHINE } from '../types.ts';

/** Keys of cloud-init that set a password, or let one be used. */
const PASSWORDS =
  /^[\s-]*(plain_text_passwd|hashed_passwd|passwd|chpasswd|password)\s*:|^ssh_pwauth\s*:\s*(true|yes|1)/m;

function judge(data: Known): string[] {
  if (data === undefined || data === null) return [];
  if (data === UNKNOWN) return ['sourceRaw.data is not known during preview, so a secret in it cannot be ruled out'];
  if (typeof data !== 'string') return ['sourceRaw.data is not a text'];
  return [
    ...(PASSWORDS.test(data) ? ['its user data sets a password or lets one be used'] : []),
    ...secretsAnywhereIn(data).map((kind) => `its user data contains ${kind}`),
  ];
}

export const proxmoxKeysOnly: ResourceRule = {
  id: 'PVE-02',
  name: 'proxmox-keys-only',
  phase: 0,
  severity: 'critical',
  enforcement: 'mandatory',
  demand:
    'A Proxmox machine has no initialization.userAccount.password. User data sets no password, does not let SSH take one, and contains no secret; it is known during preview.',
  reason:
    'A password will be guessed sooner or later, and anyone who may read the store of snippets can read user data.',
  fix: 'remove the password, give the account ssh_authorized_keys, and set ssh_pwauth: false; bring secrets to the machine after its first boot',
  sources: [
    'Proxmox VE Administration Guide, "Cloud-Init Support" (https://pve.proxmox.com/pve-docs/chapter-qm.html#qm_cloud_init)',
  ],
  properties: {
    'VmLegacy.initialization.userAccount.password': DEFAULT_IS_SAFE,
    'FileLegacy.sourceRaw.data': DEFAULT_IS_SAFE,
  },
  remedy: 'a machine without a key or a password would be out of reach',
  types: [PROXMOX_MACHINE, PROXMOX_FILE],
  check({ urn, name, type, props }): Finding[] {
    const password = at(props, 'initialization', 'userAccount', 'password');
    const hasPassword = password !== undefined && password !== null;
    const problems =
      type === PROXMOX_FILE
        ? judge(at(props, 'sourceRaw', 'data'))
        : hasPassword
          ? ['initialization.userAccount.password is set']
          : [];
    return problems.map((problem) => ({ urn, message: `"${name}": ${problem}.` }));
  },
};
