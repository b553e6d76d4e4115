// The keys of a stack of the Proxmox profile: stacks/profiles/proxmox/Pulumi.example.yaml describes them.
import { getStack, RunError, runtime } from '@pulumi/pulumi';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { MQTT_TLS_PORT, WEB_PORTS } from '../../domain/ingress.ts';
import { addProblem, hostName, listOf, quote, text, wholeNumber } from './fields.ts';
import { sshPublicKey } from './ssh-key.ts';

const NAMESPACE = 'mqtt-saas-proxmox';
/** Networks of administrators have at most 256 addresses. */
const WIDEST = { ipv4: 24, ipv6: 120 };

const named = (pattern: RegExp, what: string) => text.regex(pattern, `is not ${what}`);
/** Users and groups that Debian 13 has with what the first boot installs: an account of such a name cannot be made. */
const TAKEN =
  'root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc nobody adm tty disk kmem dialout fax voice cdrom floppy tape sudo audio dip operator src shadow video sasl plugdev staff users nogroup docker input sgx clock kvm render crontab netdev sshd messagebus'.split(
    ' ',
  );

const store = named(/^[A-Za-z][\w.-]*$/, 'the name of a store');
const address = text.refine((value) => ipaddr.IPv4.isValidFourPartDecimal(value), 'is not an IPv4 address');

const adminNetwork = text.superRefine((value, context) => {
  if (!ipaddr.isValidCIDR(value))
    return addProblem(context, `${quote(value)} is not a network such as 198.51.100.10/32`);
  const [network, length] = ipaddr.parseCIDR(value);
  if (length < WIDEST[network.kind()])
    addProblem(context, `${quote(value)} has more than 256 addresses: give those that administrators connect from`);
});

const sshPort = wholeNumber(1024, 65_535).refine(
  (port) => port !== MQTT_TLS_PORT && !Object.values<number>(WEB_PORTS).includes(port),
  'is a port of the platform',
);

const keys = z.strictObject({
  nodeName: named(/^[A-Za-z0-9-]+$/, 'the name of a node'),
  hostName,
  address: text.refine(
    (value) => ipaddr.IPv4.isValidCIDR(value),
    'is not an IPv4 address with a prefix: 203.0.113.4/24',
  ),
  gateway: address,
  dnsServers: listOf(address),
  adminCidrs: listOf(adminNetwork),
  adminUser: named(/^[a-z][a-z0-9-]{0,31}$/, 'a user name')
    .refine((name) => !TAKEN.includes(name), 'is a name that Debian has already')
    .default('platform'),
  sshPublicKey,
  sshPort: sshPort.default(2222),
  imageUrl: named(/^https:\/\/\S+\.qcow2$/, 'the https address of a .qcow2 file'),
  imageSha512: named(/^[0-9a-f]{128}$/, '128 hexadecimal digits'),
  bridge: named(/^\w+$/, 'the name of a bridge').default('vmbr0'),
  cores: wholeNumber(2, 64).default(2),
  memoryMb: wholeNumber(4096, 262_144).default(4096),
  diskGb: wholeNumber(20, 4096).default(40),
  datastore: store.default('local-lvm'),
  fileStore: store.default('local'),
});

/** A stack's checked configuration. */
export type ProxmoxConfig = z.output<typeof keys>;

/** What is wrong, a line a key. */
class Refused extends Error {
  override name = 'Refused';
}

/** The checked configuration of the current stack. @throws RunError, which Pulumi shows as a message, if it is refused. */
export function loadProxmox(): ProxmoxConfig {
  try {
    return parseProxmox(runtime.allConfig(), getStack());
  } catch (error) {
    throw error instanceof Refused ? new RunError(error.message) : error;
  }
}

/** @param raw keys with their namespace, as Pulumi gives them. @throws Refused */
export function parseProxmox(raw: Record<string, string>, stack: string): ProxmoxConfig {
  const own = Object.entries(raw).filter(([key]) => key.startsWith(`${NAMESPACE}:`));
  const result = keys.safeParse(Object.fromEntries(own.map(([key, value]) => [key.split(':')[1], value])));
  if (result.success) return result.data;
  const lines = result.error.issues.map(({ path, message }) => `  ${path.join('.') || 'keys'}: ${message}`);
  throw new Refused(`Pulumi.${stack}.yaml was refused:\n${lines.join('\n')}`);
}
