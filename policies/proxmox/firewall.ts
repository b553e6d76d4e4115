// PVE-01: the hypervisor's firewall stands before every machine, and lets in what the platform serves.
import { at, type Known, UNKNOWN } from '../known.ts';
import type { Resource } from '../resource.ts';
import { type Finding, REQUIRED, type StackRule } from '../rule.ts';
import { PROXMOX_FIREWALL, PROXMOX_MACHINE, PROXMOX_RULES } from '../types.ts';

/** Ports that are open to everybody: domain/ingress.ts. */
const OPEN = ['80', '443', '8883'];

const list = (value: Known): Known[] => (Array.isArray(value) ? value : []);

function judgeMachine(machine: Resource, firewalls: Resource[]): string[] {
  const devices = list(machine.props.networkDevices);
  const problems: string[] = [];
  if (devices.length === 0 || !devices.every((device) => at(device, 'firewall') === true))
    problems.push('has a network device without firewall: true');
  const own = firewalls.filter(({ propertyDependencies: { vmId = [] } }) => vmId.includes(machine.urn));
  if (!own.some(({ props }) => props.enabled === true && ['DROP', 'REJECT'].includes(String(props.inputPolicy))))
    problems.push('has no firewall options with enabled: true and inputPolicy: DROP');
  return problems;
}

/** What is wrong with one rule of a firewall. */
function judgeRule(rule: Known): string | undefined {
  if (rule === UNKNOWN) return 'a rule that is not known during preview';
  if (at(rule, 'action') !== 'ACCEPT' || at(rule, 'type') !== 'in') return undefined;
  const source = at(rule, 'source');
  const isBounded = typeof source === 'string' && source !== '' && !/(^|,)(0\.0\.0\.0|::)\/0(,|$)/.test(source);
  return isBounded || OPEN.includes(String(at(rule, 'dport'))) ? undefined : 'a rule that lets everybody in';
}

export const proxmoxFirewall: StackRule = {
  id: 'PVE-01',
  name: 'proxmox-firewall',
  phase: 0,
  severity: 'critical',
  enforcement: 'mandatory',
  demand:
    'Every Proxmox machine has firewall options with enabled: true and inputPolicy: DROP or REJECT, and firewall: true at each network device. Its rules let everybody in to 80, 443 and 8883 only.',
  reason:
    'Proxmox ignores the rules of a machine whose device or options leave the firewall off, and Docker leads packets past the machine’s own.',
  fix: 'set firewall: true at the network device, make firewall.OptionsLegacy for the machine, and give each other rule a source',
  sources: [
    'Proxmox VE Administration Guide, "Proxmox VE Firewall" (https://pve.proxmox.com/pve-docs/chapter-pve-firewall.html)',
  ],
  properties: {
    'VmLegacy.networkDevices[].firewall': REQUIRED,
    'OptionsLegacy.enabled': REQUIRED,
    'OptionsLegacy.inputPolicy': REQUIRED,
    'RulesLegacy.rules[].source': REQUIRED,
  },
  checkStack(resources): Finding[] {
    const of = (type: string) => resources.filter((each) => each.type === type);
    const machines = of(PROXMOX_MACHINE).flatMap((machine) =>
      judgeMachine(machine, of(PROXMOX_FIREWALL)).map((problem) => ({
        urn: machine.urn,
        message: `"${machine.name}" ${problem}.`,
      })),
    );
    const rules = of(PROXMOX_RULES).flatMap(({ urn, name, props }) =>
      (props.rules === UNKNOWN ? [UNKNOWN as Known] : list(props.rules)).flatMap((rule) => {
        const problem = judgeRule(rule);
        return problem === undefined ? [] : [{ urn, message: `"${name}" has ${problem}.` }];
      }),
    );
    return [...machines, ...rules];
  },
};
