// Recordings to try an adoption on: the base fixture as it is, and variations of it, each a small function that changes the base's
// files and is written to a folder of its own. Add a row for what az may print as well.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a test decides: devices have until the first day in public, and behind a gateway until the second. */
export const DAYS = { publicUntil: '2099-03-31', gatewayUntil: '2099-12-31' };

/** The base: what `az` printed of an environment that was made by hand. */
export const BASE = join(import.meta.dirname, '../fixtures/zeroclaw');

/** The parsed files of a recording by name without ending; `broker` is a text. Loose on purpose: a variation may be anything. */
// biome-ignore lint/suspicious/noExplicitAny: JSON that a variation changes as it likes.
export type Files = Record<string, any>;

/** One recording. */
export interface NamedRecording {
  /** In words, unique. */
  name: string;
  /** Changes the base's files. */
  change(files: Files): void;
}

/** What an address's, rule's, ... id begins with in the base. */
export const GROUP_ID = '/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/MyLowCostVM_group';

/** A security rule as `az` prints it, allowing TCP from everywhere. */
export const securityRule = (name: string, priority: number, port: string, more: Files = {}): Files => ({
  access: 'Allow',
  destinationAddressPrefix: '*',
  destinationAddressPrefixes: [],
  destinationPortRange: port,
  destinationPortRanges: [],
  direction: 'Inbound',
  id: `${GROUP_ID}/providers/Microsoft.Network/networkSecurityGroups/zeroclaw-b1s-nsg/securityRules/${name}`,
  name,
  priority,
  protocol: 'Tcp',
  provisioningState: 'Succeeded',
  resourceGroup: 'MyLowCostVM_group',
  sourceAddressPrefix: '*',
  sourceAddressPrefixes: [],
  sourcePortRange: '*',
  sourcePortRanges: [],
  type: 'Microsoft.Network/networkSecurityGroups/securityRules',
  ...more,
});

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICTih6NsXavdHXSZNi/lVsXpREUUhabVa/jz1DU3YQ2F generated-by-azure';

/** The base and what else is seen. */
export const RECORDINGS: NamedRecording[] = [
  { name: 'the base', change: () => {} },
  {
    name: 'the rule for the certificate is open',
    change: ({ nsg }) => nsg.securityRules.push(securityRule('allow-http-certbot', 1015, '80')),
  },
  {
    name: 'security rules of every kind',
    change: ({ nsg }) => {
      const deny = { access: 'Deny', protocol: '*', sourceAddressPrefix: '198.51.100.0/24' };
      nsg.securityRules.push(
        securityRule('deny-them', 200, '*', deny),
        securityRule('no-mail', 100, '25', { access: 'Deny', direction: 'Outbound' }),
        securityRule('Allow-SSH-Admin', 100, '20-25', { sourceAddressPrefix: 'VirtualNetwork' }),
        securityRule('allow-mqtts', 110, '8884', { sourceAddressPrefix: 'AzureCloud.EastAsia' }),
        securityRule('ping', 1100, '*', { protocol: 'Icmp' }),
        securityRule('some', 1110, '', { destinationPortRange: null, destinationPortRanges: ['22', '80', '443'] }),
        securityRule('all-of-it', 4096, '*', { protocol: '*', sourceAddressPrefix: '203.0.113.128/25' }),
      );
    },
  },
  {
    name: 'a machine with a key and no password',
    change: (files) => {
      Object.assign(files.vm.osProfile.linuxConfiguration, {
        disablePasswordAuthentication: true,
        ssh: { publicKeys: [{ keyData: KEY, path: '/home/azureuser/.ssh/authorized_keys' }] },
      });
      const key = {
        id: `${GROUP_ID}/providers/Microsoft.Compute/sshPublicKeys/zeroclaw-b1s_key`,
        location: 'eastasia',
        name: 'zeroclaw-b1s_key',
        resourceGroup: 'MyLowCostVM_group',
        tags: null,
        type: 'Microsoft.Compute/sshPublicKeys',
      };
      files.resources.push(key);
      files['ssh-keys'].push({ ...key, publicKey: KEY });
    },
  },
];

/** The recording of this name. */
export function recording(name: string): NamedRecording {
  const found = RECORDINGS.find((each) => each.name === name);
  if (!found) throw new Error(`there is no recording "${name}"`);
  return found;
}

/** The base's files, parsed. */
export function baseFiles(): Files {
  return Object.fromEntries(
    readdirSync(BASE).map((file) => {
      const text = readFileSync(join(BASE, file), 'utf8');
      return [file.replace(/\.\w+$/, ''), file.endsWith('.json') ? JSON.parse(text) : text];
    }),
  );
}

/** Writes a recording's files, as record.sh does. @param folder exists and is the caller's to remove. @returns the folder. */
export function write({ change }: NamedRecording, folder: string): string {
  const files = baseFiles();
  change(files);
  for (const [name, value] of Object.entries(files)) {
    const isText = typeof value === 'string';
    writeFileSync(join(folder, `${name}.${isText ? 'txt' : 'json'}`), isText ? value : JSON.stringify(value, null, 2));
  }
  return folder;
}
