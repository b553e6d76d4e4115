// Renders the user data of the broker machine's first boot. Pure: the same arguments give the same text.
import { readFileSync } from 'node:fs';
import type { IngressRule } from '../../domain/ingress.ts';
import { renderContract } from './bundle/contract.ts';
import { BUNDLE_FILES, PATHS } from './bundle/paths.ts';
import { renderFirewall } from './firewall.ts';
import { bare, entry, fill, hardening } from './user-data.ts';

/** Arguments of {@link renderMachine}. */
export interface MachineArgs {
  /** Required. Openings of the host firewall until the first bundle: the list the network security group is built from. */
  ingress: readonly IngressRule[];
  /** Required. Container the machine fetches its bundles from, such as `https://ACCOUNT.blob.core.windows.net/bundles`. */
  bundlesUrl: string;
  /** Required. LUN of the data disk, 0 to 63. */
  dataDiskLun: number;
}

/** Azure's limit for customData, after base64. */
const MAX_USER_DATA_BYTES = 65_535;

/** What of the bundle the first boot needs to fetch a bundle: the same files. */
const BOOTSTRAP = [
  'bin/broker-apply.py',
  ...['__init__', 'azure', 'broker_apply', 'contract', 'durable', 'release'].map(
    (module) => `bin/mqtt_saas/${module}.py`,
  ),
];

const read = (file: string) => readFileSync(new URL(file, import.meta.url), 'utf8');
const bundled = (file: string) => bare(read(`./bundle/${file}`));

/** The `#cloud-config` text. @throws Error when it is larger than Azure takes, or an argument does not fit its place. */
export function renderMachine(args: MachineArgs): string {
  const text = fill(bare(read('./cloud-init.tmpl.yaml')), {
    hardening: hardening(),
    bootstrap: bootstrap(),
    bundlesUrl: oneWord('bundlesUrl', args.bundlesUrl),
    bootUnit: bundled('units/broker-apply-boot.service'),
    mountDataDisk: bare(read('./mount-data-disk.sh')),
    firstBoot: bare(read('./first-boot.sh')),
    firstBootAgain: bare(read('./first-boot-again.service')),
    dpkgSynced: bare(read('./dpkg-synced.sh')),
    applier: bare(read('./broker-apply.py')),
    firewall: renderFirewall(args.ingress),
    dataDiskLun: String(args.dataDiskLun),
  });
  const size = Math.ceil(Buffer.byteLength(text) / 3) * 4;
  if (size > MAX_USER_DATA_BYTES) {
    throw new Error(`the machine's user data has ${size} bytes in base64; Azure takes ${MAX_USER_DATA_BYTES}`);
  }
  return text;
}

/** The programs, and the contract they read. */
function bootstrap(): string {
  const files = [
    ...BOOTSTRAP.map((file) => [file, bundled(file)] as const),
    [BUNDLE_FILES.contract, compact(renderContract())] as const,
  ];
  return files.map(([file, content]) => entry(`${PATHS.bootstrap}/${file}`, content)).join('');
}

/** JSON on one line: user data is short of room. */
const compact = (json: string) => JSON.stringify(JSON.parse(json));

function oneWord(what: string, value: string): string {
  if (/^[\w:/.-]+$/.test(value)) return value;
  throw new Error(`${what} is ${JSON.stringify(value)}; it must be one word of letters, digits and : / . - _`);
}
