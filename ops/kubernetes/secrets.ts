// Makes the files of secrets/ that a rendered cluster lacks: keys, the database's addresses with passwords, and an authority of its own.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { daysLeft, issue, makeAuthority } from '../../lab/authority.ts';
import type { SecretName } from '../../provisioning/compose/secrets.ts';
import { databaseHost } from '../../provisioning/kubernetes/database.ts';
import { isProd, type Settings } from '../../provisioning/kubernetes/settings.ts';
import { MADE } from '../compose/keys.ts';

/** The certificate of staging's database is replaced this many days before its end. */
const RENEW_DAYS = 30;

/**
 * Makes what is missing; what is there stays.
 * @param folder of the rendered manifests.
 * @returns names of what was made.
 * @throws Error that says which file only the operator has.
 */
export async function ensureSecrets(folder: string, settings: Settings): Promise<SecretName[]> {
  const secrets = join(folder, 'secrets');
  mkdirSync(secrets, { recursive: true, mode: 0o700 });
  const has = (name: SecretName) => existsSync(join(secrets, name));
  const read = (name: SecretName) => readFileSync(join(secrets, name), 'utf8').trimEnd();
  if (isProd(settings))
    for (const name of ['database.password', 'database-ca.crt'] as const)
      if (!has(name)) throw new Error(`${join(secrets, name)} is missing: ${ONLY_YOURS[name]}`);
  const made: SecretName[] = [];
  const put = (name: SecretName, text: string) => {
    const path = join(secrets, name);
    writeFileSync(`${path}.new`, `${text.trimEnd()}\n`, { mode: 0o600, flush: true });
    renameSync(`${path}.new`, path);
    made.push(name);
  };
  const { host, port } = databaseHost(settings);
  for (const [name, make] of Object.entries(MADE) as [SecretName, (database: string) => string][])
    if (!has(name)) put(name, make(`${host}:${port}`));
  if (!has('ca.crt') || !has('authority.key')) {
    const authority = await makeAuthority(`mqtt-saas CA of ${settings.host}`);
    put('ca.crt', authority.certificate);
    put('authority.key', authority.key);
  }
  if (isProd(settings)) return made;
  const isDue = !has('database.crt') || !has('database.key') || daysLeft(read('database.crt')) < RENEW_DAYS;
  if (isDue) {
    const authority = { certificate: read('ca.crt'), key: read('authority.key') };
    // localhost: for an operator's commands, by kubectl port-forward.
    const { certificate, key } = await issue(authority, [host, 'localhost']);
    put('database.key', key);
    put('database.crt', certificate);
  }
  if (!has('database-ca.crt')) put('database-ca.crt', read('ca.crt'));
  return made;
}

const ONLY_YOURS = {
  'database.password': "put the password of the database's superuser, postgres, there",
  'database-ca.crt': 'put the CA that certifies the database there, in PEM',
} as const;
