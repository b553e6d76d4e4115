// The policies' objections in a few words, for the reader of a report.
import type { Unsafe } from './today.ts';

/** By policy. */
export const WORDS: Record<string, string> = {
  'function-app-https-only': 'plain HTTP',
  'function-app-managed-identity': 'no identity of its own',
  'function-app-no-open-doors': 'debugging or CORS is open',
  'function-app-no-publishing-passwords': 'code can be replaced with a password',
  'function-app-secrets-by-reference': 'secrets in plain settings',
  'function-app-strong-tls': 'TLS before 1.2',
  'governance-alerts': 'nobody is alerted',
  'governance-allowed-places-and-sizes': 'no allowed region or size',
  'governance-budget': 'no budget',
  'governance-diagnostics': 'no log of who did what',
  'governance-required-tags': 'no tags',
  'network-flow-logs': 'no log of connections',
  'network-no-ip-forwarding': 'forwards packets',
  'network-no-ipv6-any': 'open to all of IPv6',
  'network-public-address-fixed': 'an address that may change, or one more than there should be',
  'network-public-interfaces-guarded': 'no security group',
  'network-rules-in-one-order': 'two rules of one name or priority',
  'network-rules-readable': 'a rule that nobody can read',
  'network-openings-judged': 'an opening that no policy judges',
  'production-protected-disks': 'disks are not protected',
  'retired-basic-address': 'a Basic address, which Azure has ended',
  'retired-first-burstable-machines': 'a size that Azure ends',
  'retired-linux-consumption': 'a plan that Azure ends on 2028-09-30',
  'storage-closed-network': 'open to every network',
  'storage-https-only': 'plain HTTP',
  'storage-no-public-blobs': 'blobs can be made public',
  'storage-no-shared-key': 'account keys',
  'storage-soft-delete': 'what is deleted is gone',
  'storage-strong-tls': 'TLS before 1.2',
  'vm-encrypted-disks': 'caches are not encrypted',
  'vm-managed-identity': 'no identity of its own',
  'vm-no-disk-export': 'can be exported by a link',
  'vm-no-password-login': 'SSH takes passwords',
  'vm-no-secret-in-boot-data': 'a secret in the boot data',
  'vm-no-secret-in-extensions': 'a secret in an extension, or one that is not allowed',
  'vm-trusted-launch': 'no secure boot',
};

/** By the program's name. */
const PLACES: Record<string, string> = {
  group: 'group',
  'network-nsg': 'security group',
  'network-vnet': 'network',
  'network-subnet': 'subnet',
  'network-address': 'address',
  'network-nic': 'interface',
  'broker-vm': 'machine',
  'storage-account': 'storage',
  'storage-blobs': 'blobs',
  'storage-lifecycle': 'lifecycle rules',
  'before-function-app': 'app',
  'before-plan': 'plan',
  'before-os-disk': 'disk',
  'before-insights': 'insights',
  'before-ssh-key': 'SSH key',
};

/** A resource in words, for a reader. @param name the program's. */
export const placeOf = (name: string) => PLACES[name] ?? PLACES[name.replace(/\d+$/, '')] ?? name;

/**
 * "SSH takes passwords (machine)": one for each policy, with the places, under the phase that ends the last of them; an opening is listed
 * under its own phase.
 */
export function inWords(unsafe: readonly Unsafe[]): Map<number, string[]> {
  const groups = new Map<string, { what: string; phase: number; places: Set<string> }>();
  for (const each of unsafe) {
    const { what, where } = split(each);
    const key = each.policy === INGRESS ? `${what} ${each.phase}` : what;
    const group = groups.get(key) ?? { what, phase: 0, places: new Set() };
    groups.set(key, group);
    group.phase = Math.max(group.phase, each.phase);
    if (where) group.places.add(where);
  }
  const phrase = ({ what, places }: { what: string; places: Set<string> }) => {
    if (places.size === 0) return what;
    const isLong = places.size > 4 && what !== OPEN;
    return `${what} (${isLong ? `${places.size} resources` : [...places].join(', ')})`;
  };
  const byPhase = Map.groupBy(groups.values(), ({ phase }) => phase);
  return new Map([...byPhase].sort(([a], [b]) => a - b).map(([phase, found]) => [phase, found.map(phrase)]));
}

const INGRESS = 'network-ingress-contract';
const OPEN = 'open to the internet';

/** An opening is named by its port and rule. */
function split({ policy, resource, message, short }: Unsafe): { what: string; where?: string } {
  const way = /(?:to (\S+)|over (\w+)) is allowed by rule "([^"]+)"/.exec(message);
  if (policy === INGRESS && way) return { what: OPEN, where: `${way[1] ?? way[2]} by ${way[3]}` };
  const what = short ?? WORDS[policy ?? ''] ?? policy?.replaceAll('-', ' ') ?? message;
  if (short || resource.startsWith('Stack ')) return { what };
  return { what, where: placeOf(resource.split(' ').at(-1) ?? '') };
}
