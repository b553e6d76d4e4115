// For tests: the rows of the rules about Proxmox machines.
import { resource, urnOf } from '../testing/plan.ts';
import type { Specimen } from '../testing/specimen.ts';
import { PROXMOX_FILE, PROXMOX_FIREWALL, PROXMOX_MACHINE, PROXMOX_RULES } from '../types.ts';
import { proxmoxFirewall } from './firewall.ts';
import { proxmoxKeysOnly } from './keys-only.ts';

const machine = resource(PROXMOX_MACHINE, 'vm', {
  networkDevices: [{ bridge: 'vmbr0', firewall: true }],
  initialization: { userAccount: { keys: ['ssh-ed25519 AAAA'] } },
});
const links = { vmId: [urnOf(PROXMOX_MACHINE, 'vm')] };

export const PROXMOX_SPECIMENS: Specimen[] = [
  {
    rule: proxmoxFirewall,
    plan: [
      machine,
      resource(PROXMOX_FIREWALL, 'firewall', { enabled: true, inputPolicy: 'DROP' }, links),
      resource(
        PROXMOX_RULES,
        'openings',
        {
          rules: [
            { type: 'in', action: 'ACCEPT', proto: 'tcp', dport: '2222', source: '198.51.100.10/32' },
            { type: 'in', action: 'ACCEPT', proto: 'tcp', dport: '8883' },
          ],
        },
        links,
      ),
    ],
    broken: {
      'VmLegacy.networkDevices[].firewall': [false],
      'OptionsLegacy.enabled': [false],
      'OptionsLegacy.inputPolicy': ['ACCEPT'],
      'RulesLegacy.rules[].source': ['', '0.0.0.0/0', '198.51.100.10/32,::/0'],
    },
    fine: { 'OptionsLegacy.inputPolicy': ['REJECT'] },
    needs: [PROXMOX_FIREWALL],
  },
  {
    rule: proxmoxKeysOnly,
    plan: [
      machine,
      resource(PROXMOX_FILE, 'user-data', {
        contentType: 'snippets',
        sourceRaw: { fileName: 'x.yaml', data: '#cloud-config\nssh_pwauth: false\nusers:\n- name: operator\n' },
      }),
    ],
    broken: {
      'VmLegacy.initialization.userAccount.password': ['Tr0ub4dor-and-3'],
      'FileLegacy.sourceRaw.data': [
        '#cloud-config\nssh_pwauth: true\n',
        '#cloud-config\nusers:\n- name: a\n  plain_text_passwd: Tr0ub4dor\n',
        '#cloud-config\npassword: Tr0ub4dor-and-3\n',
        42,
      ],
    },
  },
];
