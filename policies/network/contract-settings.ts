// The administrator addresses and the public ports, from the policy's configuration or else from the stack's.
import type { RuleConfig } from '../rule.ts';
import { stackConfigValue } from '../stack-config.ts';
import { type AddressSet, FAMILIES, PUBLIC_ADDRESSES, parsePrefix, unionOf } from './reachability/addresses.ts';
import type { IngressContract } from './reachability/contract.ts';
import { covers } from './reachability/intervals.ts';

/** The administrator addresses as configured, and where. */
export interface WrittenAdmins {
  value: unknown;
  /** The configuration key, for messages. */
  key: string;
}

/** Why the settings are not usable. Messages name keys, not addresses. */
export interface SettingsProblem {
  message: string;
  fix: string;
}

const POLICY_KEY = 'adminCidrs of network-ingress-contract in the policy configuration';
const STACK_KEY = 'mqtt-saas:adminCidrs';
const SET_ADMINS = `set ${STACK_KEY} to a list of your administrators’ addresses, each a single host, e.g. ["203.0.113.10/32"]`;

/** TCP ports that no configuration may make public: SSH and plaintext MQTT. */
const NEVER_PUBLIC = [22, 1883];

/** From the policy's configuration if it has the key, otherwise from the stack's. */
export function writtenAdmins(config: RuleConfig): WrittenAdmins {
  if (config.adminCidrs !== undefined) return { value: config.adminCidrs, key: POLICY_KEY };
  return { value: stackConfigValue('adminCidrs'), key: STACK_KEY };
}

/** The host of one administrator address, or what is wrong with it. */
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

/** The administrator addresses, or everything that is wrong with the list. */
export function parseAdmins({ value, key }: WrittenAdmins): { admins: AddressSet } | { problems: SettingsProblem[] } {
  if (!Array.isArray(value) || value.length === 0) {
    const message =
      value === undefined ? 'No administrator address is configured' : `${key} is not a list with at least one address`;
    return {
      problems: [
        {
          message: `${message}, so SSH from administrators cannot be told apart from SSH from anywhere.`,
          fix: SET_ADMINS,
        },
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

/** Public ports besides 8883. If the administrators come from the stack's configuration, so do the switches for 9001 and 443. */
function extraPublicPorts(config: RuleConfig): unknown {
  if (config.extraPublicPorts !== undefined) return config.extraPublicPorts;
  if (config.adminCidrs !== undefined) return [];
  const switches = { webSocket: 9001, https: 443 };
  return Object.entries(switches).flatMap(([key, port]) => (stackConfigValue(key) === true ? [port] : []));
}

/** The contract to judge by, or everything that is wrong with its settings. */
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
    const message = `extraPublicPorts in the policy configuration is not a list of TCP ports, or contains ${NEVER_PUBLIC.join(' or ')}.`;
    return {
      problems: [...problems, { message, fix: 'list the TCP ports to make public, e.g. [9001], or remove the key' }],
    };
  }
  return 'problems' in admins ? { problems } : { contract: { admins: admins.admins, extraPublicPorts: ports } };
}
