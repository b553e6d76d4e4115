// `ops device import`: adds the devices of a CSV file, all or none, and writes their keys into a file. A rerun adds what is missing.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { generateSheetKey } from '../domain/credentials.ts';
import {
  type Credential,
  type ImportedDevice,
  MAX_IMPORT,
  readCredentials,
  readImport,
  writeCredentials,
} from '../domain/device-import.ts';
import { deviceUsername } from '../domain/identifiers.ts';
import { telemetryTopic } from '../domain/topics.ts';
import { withConnection } from '../provisioning/database/connect.ts';
import { importDevices, listDevices } from '../provisioning/database/registry.ts';
import { brokerOf } from './device-key.ts';
import { findPlace, type TargetOptions, withTarget } from './target/find.ts';

const FILE = 'credentials.csv';

interface Options extends TargetOptions {
  tenant: string;
  save: string;
  host?: string;
  preview?: true;
}

/** The `device import` command. */
export function importCommand(): Command {
  return withTarget(new Command('import'))
    .description(`add the devices of a CSV file, at most ${MAX_IMPORT}, all or none`)
    .argument('<file>', 'CSV with the columns slug, and name and tags if wanted')
    .requiredOption('--tenant <tenant>', 'slug of the tenant')
    .requiredOption('--save <folder>', `write the keys into ${FILE} in this folder`)
    .option('--host <host>', "the broker's host name, for the file")
    .option('--preview', 'only say what would be added')
    .addHelpText(
      'after',
      `
A device that the tenant has already stays as it is. A key that ${FILE}
has already is used again, so that a run that was cut off can be repeated.

Example:
  npm run ops -- device import fleet.csv --tenant acme --save ~/acme-keys`,
    )
    .action(runImport);
}

async function runImport(file: string, { tenant, save, host, preview, ...options }: Options): Promise<void> {
  const { devices, problems } = readImport(readFileSync(file, 'utf8'));
  if (problems.length > 0) {
    const lines = problems.map(({ line, text }) => `  line ${line}: ${text}`).join('\n');
    throw new Error(`${file} cannot be imported, nothing was added:\n${lines}`);
  }
  const place = findPlace(options);
  await withConnection(place.database, async (client) => {
    const there = new Set((await listDevices(client, tenant)).map(({ device }) => device));
    const missing = devices.filter(({ slug }) => !there.has(slug));
    const known = devices.length - missing.length;
    if (known > 0)
      console.log(`${counted(known)} of ${file} ${known === 1 ? 'is' : 'are'} there already, and not changed`);
    if (preview || missing.length === 0) return console.log(`${counted(missing.length)} to add`);
    const broker = brokerOf(place, host);
    const path = join(resolve(save), FILE);
    const credentials = saveKeys(path, tenant, missing, `${broker.host}:${broker.port}`);
    const added = missing.map((device) => ({ ...device, key: credentials.get(device.slug)! }));
    console.log(`${counted(await importDevices(client, tenant, added))} added; the keys are in ${path}`);
  });
}

const counted = (count: number) => (count === 1 ? '1 device' : `${count} devices`);

/** Writes the keys before the devices are added: a key that is lost cannot be read again. @returns them by device. */
function saveKeys(path: string, tenant: string, devices: ImportedDevice[], broker: string): Map<string, string> {
  mkdirSync(resolve(path, '..'), { recursive: true, mode: 0o700 });
  const keys = existsSync(path) ? readCredentials(readFileSync(path, 'utf8'), tenant) : new Map<string, string>();
  if (!keys)
    throw new Error(`${path} has keys of another tenant; nothing was added: --save into a folder of ${tenant}`);
  for (const { slug } of devices) if (!keys.has(slug)) keys.set(slug, generateSheetKey());
  const credentials: Credential[] = [...keys].map(([device, key]) => ({
    device,
    username: deviceUsername(tenant, device),
    key,
    broker,
    topic: telemetryTopic(tenant, device),
  }));
  // Beside it first: a full disk must not cost the keys of an earlier run.
  writeFileSync(`${path}.new`, writeCredentials(credentials), { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return keys;
}
