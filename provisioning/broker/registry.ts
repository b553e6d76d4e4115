// The registry file that the broker's gate reads (gate/registry.c), generated from the registry in Postgres (view broker.registry).
import { HASH_PATTERN } from '../../domain/credentials.ts';
import { deviceUsername, SERVICE_USERNAME } from '../../domain/identifiers.ts';
import {
  CANARY_TOPIC,
  COMMANDS_FILTER,
  DESIRED_FILTER,
  NO_CHANNEL_FILTER,
  REPORT_FILTERS,
  TELEMETRY_FILTER,
} from '../../domain/topics.ts';
import { formerReads, formerWrites } from './former-topics.ts';

/** What each kind of service account is for; its rights are all it may touch. Those of a device follow from its name. */
export const SERVICE_RIGHTS = {
  /**
   * Drains readings and reports into the database, and what the gate makes dead letters of; reads what the gate counts; sends its canary.
   */
  ingest: [
    `read:${TELEMETRY_FILTER}`,
    ...REPORT_FILTERS.map((filter) => `read:${filter}`),
    `read:${NO_CHANNEL_FILTER}`,
    'read:$SYS/broker/gate/#',
    `write:${CANARY_TOPIC}`,
  ],
  /** Publishes commands to devices and what is desired of them. What they answer goes to ingest. */
  control: [`write:${COMMANDS_FILTER}`, `write:${DESIRED_FILTER}`],
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

/** The broker account of the control loop, in a generation. */
export const controlUsername = (generation: number) => (generation === 1 ? 'svc-control' : `svc-control-${generation}`);

/** A kind of service account. */
export type ServicePurpose = keyof typeof SERVICE_RIGHTS;

/** A row of the registry: someone who may connect. */
export type RegistryEntry = (
  | { kind: 'device'; tenant: string; device: string; passwordHash: string }
  | { kind: 'service'; username: string; purpose: ServicePurpose; passwordHash: string }
) & {
  /** Topics that the device keeps from before the platform; of ingest, the first words of all that are kept. */
  former?: readonly string[] | undefined;
};

/** The file's first line. */
export const REGISTRY_HEADER = '# Generated from the registry; changes made here are overwritten.\n';

/**
 * Renders the file, sorted by user name so that an unchanged registry gives unchanged bytes.
 * @throws Error naming the entry that must not get into a file (a bad slug, user name, purpose or hash).
 */
export function renderRegistry(entries: readonly RegistryEntry[]): string {
  const users = entries.map(toUser).sort((a, b) => (a.username < b.username ? -1 : 1));
  assertNoneTwice(
    'user name',
    users.map(({ username }) => username),
  );
  assertNoneTwice(
    'former topic',
    entries.flatMap(({ kind, former }) => (kind === 'device' && former) || []),
  );
  const lines = users.map(({ username, passwordHash, rights }) => `${[username, passwordHash, ...rights].join(' ')}\n`);
  return REGISTRY_HEADER + lines.join('');
}

function assertNoneTwice(what: string, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw new Error(`registry: ${what} ${name} appears twice`);
    seen.add(name);
  }
}

function toUser(entry: RegistryEntry): { username: string; passwordHash: string; rights: readonly string[] } {
  const username = entry.kind === 'device' ? deviceUsername(entry.tenant, entry.device) : entry.username;
  if (entry.kind !== 'device' && !SERVICE_USERNAME.test(username)) {
    throw new Error(`registry: service user name ${JSON.stringify(username)} must match ${SERVICE_USERNAME.source}`);
  }
  if (!HASH_PATTERN.test(entry.passwordHash)) {
    throw new Error(`registry: the password hash of ${username} is not in Mosquitto's $7$ format`);
  }
  return { username, passwordHash: entry.passwordHash, rights: rightsOf(entry) };
}

function rightsOf(entry: RegistryEntry): readonly string[] {
  const { former = [] } = entry;
  if (entry.kind === 'device') return formerWrites(former);
  const { username, purpose } = entry;
  // Own names only: `constructor` is not a purpose.
  if (!Object.hasOwn(SERVICE_RIGHTS, purpose)) throw new Error(`registry: service ${username} has an unknown purpose`);
  if (purpose === 'ingest') return [...SERVICE_RIGHTS.ingest, ...formerReads(former)];
  if (former.length > 0) throw new Error(`registry: service ${username} keeps no former topics`);
  return SERVICE_RIGHTS[purpose];
}
