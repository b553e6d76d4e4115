// A recorded environment: the files that ops/adopt/record.sh writes, read back. az spells some properties differently from
// version to version, so they are looked up without regard to case.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** JSON as az prints it. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** What a folder holds; lists are empty and texts undefined where nothing was recorded. */
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
  sshKeys: Json[];
  /** Lines about the broker's configuration. */
  broker: string[];
  /** The table public.telemetry; undefined when it was not looked at. */
  telemetry: Json | undefined;
}

/** @throws Error that names the file which is missing or broken, and the command that records it. */
export function readRecording(folder: string): Recording {
  const read = (name: string): Json => {
    const path = join(folder, `${name}.json`);
    if (!existsSync(path)) {
      throw new Error(`${path} is missing: record the environment with sh ops/adopt/record.sh (docs/adoption.md)`);
    }
    try {
      return JSON.parse(readFileSync(path, 'utf8')) as Json;
    } catch (error) {
      throw new Error(`${path} is no JSON (${(error as Error).message}): record it again`);
    }
  };
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
    sshKeys: items(read('ssh-keys')),
    broker: broker.split('\n').filter(Boolean),
    telemetry: optional('telemetry.json') ? read('telemetry') : undefined,
  };
}

/** What lies at a path; undefined where there is nothing or null. Numbers are places in a list. */
export function at(value: Json | undefined, ...path: (string | number)[]): Json | undefined {
  let found: Json | undefined = value;
  for (const step of path) {
    if (Array.isArray(found)) found = found[Number(step)];
    else if (typeof found === 'object' && found !== null) found = property(found, String(step));
    else return undefined;
  }
  return found ?? undefined;
}

/** Some answers have a resource's own properties one level down. */
function property(value: { [key: string]: Json }, name: string): Json | undefined {
  const entry = Object.entries(value).find(([key]) => key.toLowerCase() === name.toLowerCase());
  if (entry) return entry[1];
  const { properties } = value;
  return typeof properties === 'object' && properties !== null && !Array.isArray(properties) && name !== 'properties'
    ? property(properties, name)
    : undefined;
}

/** The text at a path. @throws Error that names what lacks it. */
export function textAt(value: Json | undefined, ...path: (string | number)[]): string {
  const found = at(value, ...path);
  if (typeof found === 'string' && found !== '') return found;
  throw new Error(`the recording of ${String(at(value, 'name') ?? 'a resource')} has no ${path.join('.')}`);
}

/** The list at a path; empty when there is none. */
export const items = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);
