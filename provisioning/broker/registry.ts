// The broker's password file and ACL file, generated from the registry in Postgres (view broker.registry).
import { HASH_PATTERN } from '../../domain/credentials.ts';
import { deviceUsername, SERVICE_USERNAME } from '../../domain/identifiers.ts';
import {
  COMMAND_CHANNEL,
  COMMANDS_FILTER,
  devicePrefix,
  NO_CHANNEL_FILTER,
  PUBLISHED_FILTERS,
  STATE_FILTER,
  TELEMETRY_FILTER,
} from '../../domain/topics.ts';
import { formerReads, formerWrites } from './former-topics.ts';

/** What each kind of service account is for; its topics are all it may touch. */
export const SERVICE_TOPICS = {
  /** Drains readings into the database, and what was published to no channel into the dead letters. */
  ingest: [`read ${TELEMETRY_FILTER}`, `read ${NO_CHANNEL_FILTER}`],
  /** Sends commands to devices and reads the state they report. */
  control: [`write ${COMMANDS_FILTER}`, `read ${STATE_FILTER}`],
} as const;

/** The broker account that ingest uses, in its first generation. */
export const INGEST_USERNAME = 'svc-ingest';

/**
 * Ingest's broker account of a generation, a whole number from 1 on. Each has a name of its own, because a password file
 * holds one password a user, and two generations must be valid while one takes over from the other.
 */
export function ingestUsername(generation: number): string {
  return generation === 1 ? INGEST_USERNAME : `${INGEST_USERNAME}-${generation}`;
}

/** The generation of such an account; undefined for any other user name. */
export function ingestGeneration(username: string): number | undefined {
  const [found, number = '1'] = new RegExp(`^${INGEST_USERNAME}(?:-([1-9]\\d*))?$`).exec(username) ?? [];
  return found === undefined ? undefined : Number(number);
}

/**
 * What Mosquitto logs when ingest's session connects: a persistent one ("c0"), of any generation. It is matched at the end
 * of the line, where nothing that a client chose can stand.
 */
export const INGEST_CONNECTED = new RegExp(`, c0, k[0-9]+, u'${INGEST_USERNAME}(-[0-9]+)?'\\)\\.$`, 'm');

/** A kind of service account. */
export type ServicePurpose = keyof typeof SERVICE_TOPICS;

/** A row of the registry: someone who may connect. */
export type RegistryEntry = (
  | { kind: 'device'; tenant: string; device: string; passwordHash: string }
  | { kind: 'service'; username: string; purpose: ServicePurpose; passwordHash: string }
) & {
  /** Topics that the device keeps from before the platform; of ingest, the first words of all that are kept. */
  former?: readonly string[] | undefined;
};

/** The two files, ready to be written. */
export interface RegistryFiles {
  passwords: string;
  acl: string;
}

/** The ACL file's first line. */
export const REGISTRY_HEADER = '# Generated from the registry; changes made here are overwritten.\n';

/**
 * Renders both files, sorted by user name so that an unchanged registry gives unchanged bytes.
 * @throws Error naming the entry that must not get into a file (a bad slug, user name, purpose or hash).
 */
export function renderRegistry(entries: readonly RegistryEntry[]): RegistryFiles {
  const users = entries.map(toUser).sort((a, b) => (a.username < b.username ? -1 : 1));
  assertNoneTwice(
    'user name',
    users.map(({ username }) => username),
  );
  assertNoneTwice(
    'former topic',
    entries.flatMap(({ kind, former }) => (kind === 'device' && former) || []),
  );
  return {
    passwords: users.map(({ username, passwordHash }) => `${username}:${passwordHash}\n`).join(''),
    acl:
      REGISTRY_HEADER +
      users.map(({ username, topics }) => `\nuser ${username}\n${topics.map(topicLine).join('')}`).join(''),
  };
}

function assertNoneTwice(what: string, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw new Error(`registry: ${what} ${name} appears twice`);
    seen.add(name);
  }
}

function toUser(entry: RegistryEntry): { username: string; passwordHash: string; topics: readonly string[] } {
  const username = entry.kind === 'device' ? deviceUsername(entry.tenant, entry.device) : entry.username;
  if (entry.kind !== 'device' && !SERVICE_USERNAME.test(username)) {
    throw new Error(`registry: service user name ${JSON.stringify(username)} must match ${SERVICE_USERNAME.source}`);
  }
  if (!HASH_PATTERN.test(entry.passwordHash)) {
    throw new Error(`registry: the password hash of ${username} is not in Mosquitto's $7$ format`);
  }
  const { passwordHash } = entry;
  return { username, passwordHash, topics: [...ownTopics(entry), ...formerTopics(entry)] };
}

function ownTopics(entry: RegistryEntry): readonly string[] {
  if (entry.kind === 'device') return deviceTopics(entry.tenant, entry.device);
  const { username, purpose } = entry;
  // Own names only: `constructor` is no purpose.
  if (!Object.hasOwn(SERVICE_TOPICS, purpose)) throw new Error(`registry: service ${username} has an unknown purpose`);
  return SERVICE_TOPICS[purpose];
}

function formerTopics(entry: RegistryEntry): readonly string[] {
  const { former = [] } = entry;
  if (entry.kind === 'device') return formerWrites(former);
  if (entry.purpose === 'ingest') return formerReads(former);
  if (former.length > 0) throw new Error(`registry: service ${entry.username} keeps no former topics`);
  return [];
}

/** Written out for each device instead of a `pattern` line: no wildcard in a user name can widen it. */
export function deviceTopics(tenant: string, device: string): string[] {
  const prefix = devicePrefix(tenant, device);
  return [...PUBLISHED_FILTERS.map((filter) => `write ${prefix}/${filter}`), `read ${prefix}/${COMMAND_CHANNEL}/#`];
}

const topicLine = (topic: string) => `topic ${topic}\n`;
