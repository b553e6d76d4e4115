// The local platform's own secrets: made once, kept in its folder, readable by its owner only.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { backupKey } from '../domain/backup-key.ts';
import { generateKey } from '../domain/credentials.ts';

/** Keys of the services, of the simulated devices by `<tenant>.<device>`, and the demo users' passwords by e-mail address. */
export interface PlatformSecrets {
  /** Password of the database role mqtt_ingest. */
  ingestDatabase: string;
  /** Password of the database role broker_sync. */
  syncDatabase: string;
  /** Password of the database role backup_reader. */
  backupDatabase: string;
  /** Password of the database role archive_writer. */
  archiveDatabase: string;
  /** Encrypts backups. */
  backupKey: string;
  /** Signs links to archived readings. */
  archiveLinks: string;
  /** Password of the database role of the local API. */
  apiDatabase: string;
  /** Key of the broker account that sends commands. */
  controlBroker: string;
  /** Opens the secrets of notification channels: 32 bytes, hexadecimal. */
  notify: string;
  /** Signs the access tokens of people who sign in. */
  jwtSecret: string;
  /** Supabase's publishable key: not secret, but this platform's own. */
  publishableKey: string;
  devices: Record<string, string>;
  people: Record<string, string>;
}

/** Reads the secrets, and makes missing ones of the services. `save` adds keys of devices and passwords of users. */
export function loadSecrets(file: string): { secrets: PlatformSecrets; save: () => void } {
  const secrets: PlatformSecrets = {
    ingestDatabase: generateKey(),
    syncDatabase: generateKey(),
    backupDatabase: generateKey(),
    archiveDatabase: generateKey(),
    backupKey: backupKey(randomBytes(32)),
    archiveLinks: generateKey(),
    apiDatabase: generateKey(),
    controlBroker: generateKey(),
    notify: randomBytes(32).toString('hex'),
    jwtSecret: generateKey(),
    publishableKey: `sb_publishable_${randomBytes(16).toString('base64url')}`,
    devices: {},
    people: {},
    ...(existsSync(file) && JSON.parse(readFileSync(file, 'utf8'))),
  };
  const save = () => {
    writeFileSync(`${file}.new`, JSON.stringify(secrets, null, 2), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  save();
  return { secrets, save };
}
