// The files of secrets/: who may read each, and where a container finds it. `ops compose start` makes those that are missing.
import { BUNDLE_FILES, FILES, PATHS } from '../machine/bundle/paths.ts';

/** Users of the containers, by number: Dockerfile. */
export const UIDS = { broker: 810, agent: 811, database: 812, app: 813, web: 814 } as const;

/** A group for what two users read. A container has it only if it has such a file. */
export const SHARED_GID = 820;

/** Names of the files. */
export type SecretName = keyof typeof SECRETS;

/** What a file is. */
interface Secret {
  /** Who reads it; several users by the shared group; everybody what is public. */
  reader: keyof typeof UIDS | 'shared' | 'public' | 'root';
  /** Where a container finds it. Default: `/run/secrets/NAME`. */
  target?: string;
}

/** Every file. */
export const SECRETS = {
  'authority.key': { reader: 'root' },
  'database-ca.crt': { reader: 'public' },
  'database.crt': { reader: 'public' },
  'database.key': { reader: 'database' },
  'database.password': { reader: 'database' },
  'ca.crt': { reader: 'public' },
  'server.crt': { reader: 'public' },
  'server.key': { reader: 'shared' },
  'registry.url': { reader: 'agent' },
  'stamp.key': { reader: 'shared' },
  'ingest.url': { reader: 'app' },
  'ingest.key': { reader: 'app' },
  'control.key': { reader: 'app' },
  'notify.key': { reader: 'app' },
  'smtp.password': { reader: 'app' },
  'api.url': { reader: 'app' },
  'jwt.secret': { reader: 'app' },
  'publishable.key': { reader: 'public' },
  'backup.url': { reader: 'app' },
  'backup.key': { reader: 'app' },
  'archive.url': { reader: 'app' },
  'archive-links.key': { reader: 'app' },
  'questions.key': { reader: 'app' },
} as const satisfies Record<string, Secret>;

/** Where the broker's and the agent's programs look: the same places as on the machine. */
export const BROKER_TARGETS = {
  'ca.crt': `${PATHS.secrets}/${FILES.authority}`,
  'server.crt': `${PATHS.secrets}/${FILES.certificate}`,
  'server.key': `${PATHS.secrets}/${FILES.key}`,
  'stamp.key': `${PATHS.secrets}/${FILES.stampKey}`,
  'registry.url': `${PATHS.secrets}/${FILES.registryUrl}`,
  'database-ca.crt': `${PATHS.current}/${BUNDLE_FILES.databaseCa}`,
} as const;
