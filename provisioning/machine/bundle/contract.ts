// contract.json of a bundle: what TypeScript decides and the machine's Python uses too, so that each fact is written once.
// The programs read the contract of their own release (bin/mqtt_saas/contract.py) and end when they cannot.
import { HASH_PATTERN, PBKDF2_ITERATIONS, SALT_BYTES } from '../../../domain/credentials.ts';
import { FORMER_ROOT_PATTERN, FORMER_TOPIC_PATTERN } from '../../../domain/former-topics.ts';
import { SERVICE_USERNAME, SLUG_PATTERN } from '../../../domain/identifiers.ts';
import { REGISTRY_HEADER, SERVICE_RIGHTS, type ServicePurpose } from '../../broker/registry.ts';
import { USERS } from '../users.ts';
import { BUNDLE_FILES, FILES, PATHS } from './paths.ts';

/** The blobs that name the bundle to boot with: the first is read first, the second while the first is being replaced. */
export const POINTERS = { pointer: 'current', copy: 'current-copy' } as const;

/** Of ingest's accounts. A registry without one would lock ingest out; they alone read former topics. */
const INGEST_PURPOSE: ServicePurpose = 'ingest';

const CONTRACT = {
  paths: PATHS,
  files: FILES,
  bundle: {
    files: BUNDLE_FILES,
    /** A SHA-256, hexadecimal: a bundle is named by its own. */
    hash: '[0-9a-f]{64}',
    pointers: [POINTERS.pointer, POINTERS.copy],
  },
  broker: {
    unit: 'mosquitto.service',
  },
  users: USERS,
  registry: {
    header: REGISTRY_HEADER,
    slug: whole(SLUG_PATTERN),
    serviceUsername: whole(SERVICE_USERNAME),
    passwordHash: whole(HASH_PATTERN),
    serviceRights: SERVICE_RIGHTS,
    ingestPurpose: INGEST_PURPOSE,
    formerTopic: whole(FORMER_TOPIC_PATTERN),
    formerRoot: whole(FORMER_ROOT_PATTERN),
  },
  passwords: {
    iterations: PBKDF2_ITERATIONS,
    saltBytes: SALT_BYTES,
  },
} as const;

/** The text of contract.json, the same for every environment. */
export function renderContract(): string {
  return `${JSON.stringify(CONTRACT, null, 2)}\n`;
}

/** A pattern's source where it means the same in Python. @throws Error for a class such as `\d`, which Python takes wider. */
function shared({ source }: RegExp): string {
  if (/\\[a-z]/i.test(source)) throw new Error(`contract.json: ${source} must spell out its character classes`);
  // JavaScript escapes a slash in a source; Python would warn of that.
  return source.replaceAll('\\/', '/');
}

/** A pattern that matches a whole text, without its anchors: Python's "$" forgives a line break. */
function whole(pattern: RegExp): string {
  const [, inner] = /^\^(.*)\$$/s.exec(shared(pattern)) ?? [];
  if (inner === undefined || pattern.flags) throw new Error(`contract.json: ${pattern} must match a whole text`);
  return inner;
}
