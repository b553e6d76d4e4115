// Renders the user data of the broker machine's first boot. Pure: the same arguments give the same text.
import { readFileSync } from 'node:fs';
import type { IngressRule } from '../../domain/ingress.ts';
import { SERVICE_TOPICS } from '../broker/registry.ts';
import { renderFirewall } from './firewall.ts';

/** Where things are on the machine. */
export const PATHS = {
  /** Sessions, queues and retained messages: the data disk is mounted here. */
  state: '/var/lib/mosquitto',
  /** The broker's password and ACL files; on the data disk, so that the last good ones outlive the machine. */
  accounts: '/var/lib/mosquitto/accounts',
  /** Secrets of the running broker; on a tmpfs. */
  secrets: '/run/mqtt-saas',
} as const;

/** Files below {@link PATHS.secrets}. */
export const SECRET_FILES = {
  certificate: 'server.crt',
  key: 'server.key',
  ca: 'ca.crt',
  ingestPassword: 'svc-ingest.password',
} as const;

/** Arguments of {@link renderMachine}. */
export interface MachineArgs {
  /** Required. Ways in, for the host firewall: the list the network security group is built from. */
  ingress: readonly IngressRule[];
  /** Required. The whole mosquitto.conf. */
  brokerConfig: string;
  /** Required. Where the vault is read, such as `https://kv-mqtt-dev-1a2b3c.vault.azure.net`. */
  vaultUri: string;
  /** Required. Names of the vault's secrets that the machine may read, by what they are for. */
  secretNames: Partial<Record<keyof typeof SECRET_FILES, string>> & { ingestPassword: string };
  /** Required. LUN of the data disk, 0 to 63. */
  dataDiskLun: number;
}

/** Azure's limit for customData, after base64. */
export const MAX_USER_DATA_BYTES = 65_535;

const read = (file: string) => readFileSync(new URL(file, import.meta.url), 'utf8');

/** The `#cloud-config` text. @throws Error when it is larger than Azure takes, or an argument does not fit its place. */
export function renderMachine(args: MachineArgs): string {
  const { secretNames } = args;
  const text = fill(read('./cloud-init.tmpl.yaml'), {
    sshd: read('./sshd.conf'),
    brokerStart: read('./broker-start.conf'),
    mountDataDisk: read('./mount-data-disk.sh'),
    fetchSecrets: read('./fetch-secrets.py'),
    seedAccounts: read('./seed-accounts.sh'),
    firewall: renderFirewall(args.ingress),
    brokerConfig: args.brokerConfig,
    firstAcl: `user svc-ingest\n${SERVICE_TOPICS.ingest.map((topic) => `topic ${topic}\n`).join('')}`,
    vaultUri: oneWord('vaultUri', args.vaultUri),
    secretsFolder: PATHS.secrets,
    accountsFolder: PATHS.accounts,
    ingestPasswordFile: SECRET_FILES.ingestPassword,
    secretFiles: secretFiles(secretNames),
    dataDiskLun: String(args.dataDiskLun),
    startBroker: startBroker(secretNames),
  });
  const size = Math.ceil(Buffer.byteLength(text) / 3) * 4;
  if (size > MAX_USER_DATA_BYTES) {
    throw new Error(`the machine's user data has ${size} bytes in base64; Azure takes ${MAX_USER_DATA_BYTES}`);
  }
  return text;
}

function secretFiles(names: MachineArgs['secretNames']): string {
  return Object.entries(names)
    .map(([use, name]) => `${oneWord(use, name)}=${SECRET_FILES[use as keyof typeof SECRET_FILES]}`)
    .join(' ');
}

/** Without a certificate in the vault the broker stays masked: the machine has to obtain one (ACME) first. */
function startBroker(names: MachineArgs['secretNames']): string {
  if (!names.certificate || !names.key) return "echo 'The broker stays masked until the machine has its certificate.'";
  // The start is not waited for: the vault may grant access minutes later, and the unit keeps trying.
  return 'systemctl unmask mosquitto && systemctl enable mosquitto && systemctl start --no-block mosquitto';
}

/** Replaces the marks. A mark alone on its line stands for a text of several lines, which gets the mark's indentation. */
function fill(template: string, values: Record<string, string>): string {
  const value = (name: string) => {
    const found = values[name];
    if (found === undefined) throw new Error(`cloud-init.tmpl.yaml: nothing to put in for ${name}`);
    return found;
  };
  return template.replace(/^( +)\$\{(\w+)\}$|\$\{(\w+)\}/gm, (_, indent: string, block: string, inline: string) =>
    block
      ? value(block)
          .trimEnd()
          .replace(/^(?=.)/gm, indent)
      : value(inline),
  );
}

function oneWord(what: string, value: string): string {
  if (/^[\w:/.-]+$/.test(value)) return value;
  throw new Error(`${what} is ${JSON.stringify(value)}; it must be one word of letters, digits and : / . - _`);
}
