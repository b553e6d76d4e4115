// The broker's configuration as one file: everything on the machine that may change while it runs, named by its hash.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { IngressRule } from '../../../domain/ingress.ts';
import { gateFile } from '../../broker/gate.ts';
import { stage } from '../../stage.ts';
import { renderFirewall, SOURCE_LIMITS, type SourceLimits } from '../firewall.ts';
import { renderUsers } from '../users.ts';
import { type ArchiveFile, tarGz } from './archive.ts';
import { renderContract } from './contract.ts';
import { renderMonitored } from './monitored.ts';
import { BUNDLE_FILES } from './paths.ts';
import { type MachineSettings, renderSettings } from './settings.ts';

/** Arguments of {@link makeBundle}. */
export interface BundleArgs {
  /** Required. Open ports, for the host firewall: the list the network security group is built from. */
  ingress: readonly IngressRule[];
  /** Optional. What one source may ask of the ports that are open to everyone. Default: {@link SOURCE_LIMITS}. */
  sourceLimits?: Partial<SourceLimits>;
  /** Required. The database's port, which registry-sync may connect to. */
  databasePort: number;
  /** Required. The whole mosquitto.conf. */
  brokerConfig: string;
  /** Optional. PEM of the CA that signs the database's certificate. Default: the public ones. */
  databaseCa?: string;
  /** Required. What the scripts are told. */
  settings: MachineSettings;
}

/** A bundle, ready to be uploaded. */
export interface Bundle {
  /** SHA-256 of the archive, hexadecimal: its name, and what the machine checks it against. */
  hash: string;
  /** The .tar.gz. The same arguments and scripts give the same bytes, on any machine. */
  archive: Buffer;
  files: ArchiveFile[];
}

/** A listener that an ordinary user may not open. */
const PRIVILEGED_PORT = /^listener \d{1,3}\b/m;
const privilegedPort = readFileSync(new URL('./privileged-port.conf', import.meta.url), 'utf8');

/** Renders and packs the bundle. @throws Error when an argument does not fit its place. */
export function makeBundle(args: BundleArgs): Bundle {
  const { ingress, sourceLimits, databasePort, brokerConfig, databaseCa, settings } = args;
  const settingsText = renderSettings(settings);
  const destinations = { database: databasePort, acme: Number(new URL(settings.acmeDirectory).port || 443) };
  const files = [
    ...programs(),
    ...filesOf('units').filter(({ path }) => settings.proTokenSecret || !path.includes('/attach-pro.')),
    text(BUNDLE_FILES.brokerConfig, brokerConfig),
    ...(PRIVILEGED_PORT.test(brokerConfig)
      ? [text('units/mosquitto.service.d/40-privileged-port.conf', privilegedPort)]
      : []),
    text(BUNDLE_FILES.firewall, renderFirewall(ingress, { ...SOURCE_LIMITS, ...sourceLimits }, destinations)),
    text(BUNDLE_FILES.settings, settingsText),
    text(BUNDLE_FILES.users, renderUsers()),
    ...(databaseCa ? [text(BUNDLE_FILES.databaseCa, databaseCa)] : []),
  ];
  return pack(files);
}

/** The bundle of these files, with the manifest by which the machine knows that a release is whole. */
export function pack(content: readonly ArchiveFile[]): Bundle {
  const others = content.filter(({ path }) => path !== BUNDLE_FILES.manifest);
  const sums = others.map((file) => `${sha256(file.content)}  ${file.path}\n`);
  const files = [...others, text(BUNDLE_FILES.manifest, sums.sort().join(''))];
  const archive = tarGz(files);
  return { files, archive, hash: sha256(archive) };
}

const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');

/** What runs on the machine, the same in every environment: the programs, what they read beside them, and their contract. */
export function programs(): ArchiveFile[] {
  return [
    ...filesOf('bin'),
    ...filesOf('lib'),
    gate(),
    text(BUNDLE_FILES.contract, renderContract()),
    text(BUNDLE_FILES.monitored, renderMonitored()),
  ];
}

/**
 * Puts the archive where a deployment picks it up.
 * @param folder made when it is missing.
 * @returns the file's path: `<folder>/<hash>.tgz`.
 */
export function writeArchive({ archive, hash }: Bundle, folder: string): string {
  return stage(folder, `${hash}.tgz`, archive);
}

/** The machines are x86-64, whatever this one is: stacks/profiles/machine. */
const gate = (): ArchiveFile => ({
  path: BUNDLE_FILES.gate,
  content: readFileSync(gateFile('x64')),
  executable: false,
});

const text = (path: string, content: string): ArchiveFile => ({
  path,
  content: Buffer.from(content),
  executable: false,
});

/** What of a folder beside this file goes onto the machine. Modes come from the content, not from the checkout, whose umask may differ. */
function filesOf(folder: string): ArchiveFile[] {
  const root = join(import.meta.dirname, folder);
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((found) => found.isFile() && !/\.ts$|\.pyc$|^\./.test(found.name))
    .map(({ parentPath, name }) => {
      const path = relative(import.meta.dirname, join(parentPath, name))
        .split(sep)
        .join('/');
      const content = readFileSync(join(parentPath, name));
      return { path, content, executable: content.subarray(0, 2).toString() === '#!' };
    });
}
