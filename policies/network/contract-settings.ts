// Who the administrators are and which ports are public: read from the policy's configuration, else from the stack's.
import type { RuleConfig } from '../rule.ts';
import { stackConfigValue } from '../stack-config.ts';
import { type AddressSet, FAMILIES, PUBLIC_ADDRESSES, parsePrefix, unionOf } from './reachability/addresses.ts';
import type { IngressContract } from './reachability/contract.ts';
import { covers } from './reachability/intervals.ts';

/** The administrators' addresses as written, and where they were written. */
export interface WrittenAdmins {
  value: unknown;
  /** Names the key for a message. */
  key: string;
}

/** Why the contract is not known. Messages name places, not addresses. */
export interface SettingsProblem {
  message: string;
  fix: string;
}

const POLICY_KEY = 'adminCidrs of network-ingress-contract in the policy configuration';
const STACK_KEY = 'mqtt-saas:adminCidrs';
const SET_ADMINS = `set ${STACK_KEY} to a list of your own addresses, each a single host, e.g. ["203.0.113.10/32"]`;

/** TCP ports that no configuration may open to everyone: SSH and plaintext MQTT. */
const NEVER_PUBLIC = [22, 1883];

/** The policy's configuration where it has the key, else the stack's. */
export function writtenAdmins(config: RuleConfig): WrittenAdmins {
  if (config.adminCidrs !== undefined) return { value: config.adminCidrs, key: POLICY_KEY };
  return { value: stackConfigValue('adminCidrs'), key: STACK_KEY };
}

/** What is wrong with one administrator address, or the single public host it stands for. */
function parseAdmin(entry: unknown): AddressSet | string {
  const [, length] = typeof entry === 'string' ? entry.split('/') : [];
  const set = typeof entry === 'string' ? parsePrefix(entry) : undefined;
  if (set === undefined || length === undefined) return 'is not an address with a prefix length';
  if (length !== (set.v4.length > 0 ? '32' : '128')) return 'is wider than one host (/32, or /128 for IPv6)';
  const isUnspecified = FAMILIES.some((family) => set[family][0]?.from === 0n);
  if (isUnspecified || !FAMILIES.every((family) => covers(PUBLIC_ADDRESSES[family], set[family]))) {
    return 'is not a public address';
  }
  return set;
}

/** The administrators' addresses, or everything that is wrong with the list. */
export function parseAdmins({ value, key }: WrittenAdmins): { admins: AddressSet } | { problems: SettingsProblem[] } {
  if (!Array.isArray(value) || value.length === 0) {
    const message =
      value === undefined ? 'No administrator address is configured' : `${key} is not a list with at least one address`;
    return {
      problems: [
        { message: `${message}, so nobody can tell SSH for administrators from SSH for everyone.`, fix: SET_ADMINS },
      ],
    };
  }
  const parsed = value.map(parseAdmin);
  const problems = parsed.flatMap((result, index) =>
    typeof result === 'string' ? [{ message: `Entry ${index + 1} of ${key} ${result}.`, fix: SET_ADMINS }] : [],
  );
  return problems.length > 0
    ? { problems }
    : { admins: unionOf(parsed.filter((result) => typeof result !== 'string')) };
}

/** Public ports beside 8883. Where the administrators come from the stack, so do its switches for 9001 and 443. */
function extraPublicPorts(config: RuleConfig): unknown {
  if (config.extraPublicPorts !== undefined) return config.extraPublicPorts;
  if (config.adminCidrs !== undefined) return [];
  const switches = { webSocket: 9001, https: 443 };
  return Object.entries(switches).flatMap(([key, port]) => (stackConfigValue(key) === true ? [port] : []));
}

/** The contract to judge by, or everything that keeps it from being known. */
export function contractSettings(config: RuleConfig): { contract: IngressContract } | { problems: SettingsProblem[] } {
  const admins = parseAdmins(writtenAdmins(config));
  const ports = extraPublicPorts(config);
  const isPort = (port: unknown): port is number =>
    Number.isInteger(port) &&
    (port as number) >= 1 &&
    (port as number) <= 65535 &&
    !NEVER_PUBLIC.includes(port as number);
  const problems = 'problems' in admins ? admins.problems : [];
  if (!Array.isArray(ports) || !ports.every(isPort)) {
    const message = `extraPublicPorts in the policy configuration is not a list of TCP ports without ${NEVER_PUBLIC.join(' and ')}.`;
    return {
      problems: [
        ...problems,
        { message, fix: 'list the ports to open to everyone, e.g. [9001], or leave the key out' },
      ],
    };
  }
  return 'problems' in admins ? { problems } : { contract: { admins: admins.admins, extraPublicPorts: ports } };
}
