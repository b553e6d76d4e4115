// Makes the secrets of a Compose project that are missing: keys, addresses with passwords, and certificates of an authority of its own.
import { randomBytes, X509Certificate } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { backupKey } from '../../domain/backup-key.ts';
import { generateKey } from '../../domain/credentials.ts';
import { daysLeft, issue, makeAuthority, type Pair } from '../../lab/authority.ts';
import { SECRETS, type SecretName, SHARED_GID, UIDS } from '../../provisioning/compose/secrets.ts';

/** What an authority's name begins with, whatever the host's name was then. */
const OWN = 'mqtt-saas CA of';

/** A certificate this close to its end is replaced. */
const RENEW_DAYS = 30;

/** How the database's address is written for a role. @param at its host and port. */
const urlOf = (role: string, at: string) => `postgres://${role}:${generateKey()}@${at}/postgres?sslmode=verify-full`;

/** How containers of a project reach its database. */
const DATABASE = 'database:5432';

/** What a missing one becomes, given the database's host and port. Certificates follow. */
export const MADE: Partial<Record<SecretName, (database: string) => string>> = {
  'database.password': generateKey,
  'registry.url': (at) => urlOf('broker_sync', at),
  'stamp.key': () => randomBytes(16).toString('hex'),
  'ingest.url': (at) => urlOf('mqtt_ingest', at),
  'ingest.key': generateKey,
  'control.key': generateKey,
  'notify.key': () => randomBytes(32).toString('hex'),
  'smtp.password': () => '',
  'api.url': (at) => urlOf('local_api', at),
  'jwt.secret': generateKey,
  'publishable.key': () => `sb_publishable_${randomBytes(16).toString('base64url')}`,
  'backup.url': (at) => urlOf('backup_reader', at),
  'backup.key': () => backupKey(randomBytes(32)),
  'archive.url': (at) => urlOf('archive_writer', at),
  'archive-links.key': generateKey,
  'questions.key': () => '',
};

/** The project's folder of secrets. */
export class Secrets {
  readonly folder: string;

  /** @param project the project's folder. */
  constructor(project: string) {
    this.folder = join(project, 'secrets');
  }

  /** Without its line end. @throws Error that says what makes it. */
  read(name: SecretName): string {
    const path = join(this.folder, name);
    if (!existsSync(path)) throw new Error(`${path} is missing: npm run ops -- compose start makes it`);
    return readFileSync(path, 'utf8').trimEnd();
  }

  /**
   * Makes what is missing, renews its own certificates, and sees to it that each file has its reader. A server's certificate that
   * somebody put there is kept, with its chain in ca.crt.
   * @param host the platform's name. @param address the database's.
   * @returns what was made.
   */
  async ensure(host: string, address: string): Promise<SecretName[]> {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    const made: SecretName[] = [];
    const put = (name: SecretName, text: string) => {
      this.#write(name, `${text.trimEnd()}\n`);
      made.push(name);
    };
    for (const [name, make] of Object.entries(MADE) as [SecretName, (database: string) => string][])
      if (!this.#has(name)) put(name, make(DATABASE));
    await this.#certify(put, host, address);
    for (const name of Object.keys(SECRETS) as SecretName[]) this.#give(name);
    return made;
  }

  /** When the file last became what it is, in milliseconds: made, written over, or put in its place by `mv` or `cp -p`. */
  changedAt(name: SecretName): number {
    return statSync(join(this.folder, name)).ctimeMs;
  }

  async #certify(put: (name: SecretName, text: string) => void, host: string, address: string): Promise<void> {
    const isOwn = !this.#has('ca.crt') || new X509Certificate(this.read('ca.crt')).subject.startsWith(`CN=${OWN} `);
    const isNew = !this.#has('authority.key') || !this.#has('database-ca.crt');
    const authority: Pair = isNew
      ? await makeAuthority(`${OWN} ${host}`)
      : { certificate: this.read('database-ca.crt'), key: this.read('authority.key') };
    if (isNew) {
      put('authority.key', authority.key);
      put('database-ca.crt', authority.certificate);
    }
    // What another authority has issued, nobody believes any more.
    if (isNew || this.#isDue('database.crt', 'database.key')) {
      const { certificate, key } = await issue(authority, ['database'], [address]);
      put('database.key', key);
      put('database.crt', certificate);
    }
    if (!isOwn && !this.#has('server.crt'))
      throw new Error(`${this.folder} has a ca.crt of somebody else, but no server.crt and server.key: put them there`);
    if (isOwn && (isNew || this.#isDue('server.crt', 'server.key'))) {
      const { certificate, key } = await issue(authority, [host]);
      put('server.key', key);
      put('server.crt', certificate);
      put('ca.crt', authority.certificate);
    }
  }

  #isDue(certificate: SecretName, key: SecretName): boolean {
    return !this.#has(certificate) || !this.#has(key) || daysLeft(this.read(certificate)) < RENEW_DAYS;
  }

  #has(name: SecretName): boolean {
    return existsSync(join(this.folder, name));
  }

  #write(name: SecretName, text: string): void {
    const path = join(this.folder, name);
    writeFileSync(`${path}.new`, text, { mode: 0o600, flush: true });
    renameSync(`${path}.new`, path);
  }

  /** A file is its reader's, and nobody else's. One that is already is not touched: changedAt(). */
  #give(name: SecretName): void {
    const path = join(this.folder, name);
    const { reader } = SECRETS[name];
    const owners = { shared: [0, SHARED_GID], public: [0, 0], root: [0, 0] }[reader as string];
    const [uid, gid] = owners ?? [UIDS[reader as keyof typeof UIDS], UIDS[reader as keyof typeof UIDS]];
    const mode = { shared: 0o440, public: 0o444 }[reader as string] ?? 0o400;
    const is = statSync(path);
    if (is.uid !== uid || is.gid !== gid) chownSync(path, uid!, gid!);
    if ((is.mode & 0o7777) !== mode) chmodSync(path, mode);
  }
}
