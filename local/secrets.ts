// The local platform's own secrets: made once, kept in its folder, readable by its owner only.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { generateKey } from '../domain/credentials.ts';

/** Keys of the services, and of the simulated devices by `<tenant>.<device>`. The database holds hashes only. */
export interface PlatformSecrets {
  /** Password of the database role mqtt_ingest. */
  ingestDatabase: string;
  /** Password of the database role broker_sync. */
  syncDatabase: string;
  devices: Record<string, string>;
}

/** Reads the secrets, or makes those of the services. Device keys are added by `save`. */
export function loadSecrets(file: string): { secrets: PlatformSecrets; save: () => void } {
  const secrets: PlatformSecrets = existsSync(file)
    ? JSON.parse(readFileSync(file, 'utf8'))
    : { ingestDatabase: generateKey(), syncDatabase: generateKey(), devices: {} };
  const save = () => {
    writeFileSync(`${file}.new`, JSON.stringify(secrets, null, 2), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  save();
  return { secrets, save };
}
