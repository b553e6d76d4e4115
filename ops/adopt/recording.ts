// A recorded environment: the files that ops/adopt/record.sh writes, read back.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { accepted } from './accepted.ts';
import { items, type Json } from './json.ts';

/** The content of the folder; lists are empty and texts undefined if nothing was recorded. */
export interface Recording {
  group: Json;
  /** `az resource list`: everything in the group. */
  resources: Json[];
  vm: Json;
  disk: Json;
  nic: Json;
  vnet: Json;
  publicAddress: Json;
  securityGroup: Json;
  functionApp: Json;
  functionAppConfig: Json;
  /** `{name, reference}`; no values. */
  appSettings: Json[];
  plan: Json;
  storageAccounts: Json[];
  /** The name of the Function App's account; undefined if it is not known. */
  functionStorage: string | undefined;
  /** Of that account; undefined and empty if not recorded. */
  blobService: Json | undefined;
  lifecycle: Json | undefined;
  containers: Json[];
  shares: Json[];
  /** Locks on the group or in it; none if not recorded. */
  locks: Json[];
  sshKeys: Json[];
  /** Lines about the broker's configuration. */
  broker: string[];
  /** The table public.telemetry; undefined if not recorded. */
  telemetry: Json | undefined;
  /** What ops/adopt/database/record.ts found; undefined if not recorded. */
  database: Json | undefined;
  /** The roles with which the app signs in to the database; empty if its settings do not say. */
  databaseRoles: string[];
}

/** @throws Error that names each missing or wrong file or field, and the command that records it. */
export function readRecording(folder: string): Recording {
  const readFile = (name: string): Json => {
    const path = join(folder, `${name}.json`);
    if (!existsSync(path)) {
      throw new Error(`${path} is missing: record the environment with sh ops/adopt/record.sh (docs/adoption.md)`);
    }
    try {
      return JSON.parse(readFileSync(path, 'utf8')) as Json;
    } catch (error) {
      throw new Error(`${path} is not JSON (${(error as Error).message}): record it again`);
    }
  };
  const read = accepted(readFile);
  const optional = (file: string) => existsSync(join(folder, file));
  const broker = optional('broker.txt') ? readFileSync(join(folder, 'broker.txt'), 'utf8') : '';
  return {
    group: read('group'),
    resources: items(read('resources')),
    vm: read('vm'),
    disk: read('disk'),
    nic: read('nic'),
    vnet: read('vnet'),
    publicAddress: read('public-ip'),
    securityGroup: read('nsg'),
    functionApp: read('functionapp'),
    functionAppConfig: read('functionapp-config'),
    appSettings: items(read('appsettings')),
    plan: read('plan'),
    storageAccounts: items(read('storage')),
    functionStorage: optional('function-storage.txt')
      ? readFileSync(join(folder, 'function-storage.txt'), 'utf8').trim() || undefined
      : undefined,
    blobService: optional('blob-service.json') ? readFile('blob-service') : undefined,
    lifecycle: optional('lifecycle.json') ? readFile('lifecycle') : undefined,
    containers: optional('containers.json') ? items(readFile('containers')) : [],
    shares: optional('shares.json') ? items(readFile('shares')) : [],
    locks: optional('locks.json') ? items(readFile('locks')) : [],
    sshKeys: items(read('ssh-keys')),
    broker: broker.split('\n').filter(Boolean),
    telemetry: optional('telemetry.json') ? readFile('telemetry') : undefined,
    database: optional('database.json') ? readFile('database') : undefined,
    databaseRoles: optional('database-role.txt')
      ? readFileSync(join(folder, 'database-role.txt'), 'utf8').split('\n').filter(Boolean)
      : [],
  };
}
