// The passwords of the platform's own services. Made here, kept in the vault, seen by nobody.
import { createHash } from 'node:crypto';
import { ComponentResource, type ComponentResourceOptions, type Output } from '@pulumi/pulumi';
import { RandomPassword } from '@pulumi/random/randomPassword.js';
import { backupKey } from '../domain/backup-key.ts';

/** Letters and digits only: the passwords are part of URLs, settings and files without any escaping. 43 characters are 256 bits. */
const PASSWORD = { length: 43, special: false };

/** Arguments of {@link Credentials}. */
export interface CredentialsArgs {
  /** Required. User names of the services' broker accounts, one for each generation. The password of a name never changes. */
  usernames: readonly string[];
  /** Required. Generations of the key of notification channels. The key of a generation never changes. */
  notifyGenerations: readonly number[];
}

/** Passwords of the service accounts. */
export class Credentials extends ComponentResource {
  /** The services' accounts on the broker, by user name. Secret. */
  readonly accountPasswords: ReadonlyMap<string, Output<string>>;
  /** The database role `mqtt_ingest`. Secret. */
  readonly databasePassword: Output<string>;
  /** The database role `broker_sync`. Secret. */
  readonly registryPassword: Output<string>;
  /** The database role `backup_reader`. Secret. */
  readonly backupPassword: Output<string>;
  /** The database role `archive_writer`. Secret. */
  readonly archivePassword: Output<string>;
  /** The key of backups, in age's form. Secret. */
  readonly backupKey: Output<string>;
  /** The key of the gate's stamps, 32 hexadecimal digits. Secret. */
  readonly stampKey: Output<string>;
  /** With it the machine calls the Function App's timers. Secret. */
  readonly timerKey: Output<string>;
  /** Keys of notification channels by generation, 64 hexadecimal digits. Secret. */
  readonly notifyKeys: ReadonlyMap<number, Output<string>>;

  constructor(name: string, { usernames, notifyGenerations }: CredentialsArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:Credentials', name, {}, options);
    const parent = { parent: this };
    this.accountPasswords = new Map(
      usernames.map((user) => [user, new RandomPassword(`${name}-${user}`, PASSWORD, parent).result]),
    );
    this.databasePassword = new RandomPassword(`${name}-mqtt-ingest`, PASSWORD, parent).result;
    this.registryPassword = new RandomPassword(`${name}-broker-sync`, PASSWORD, parent).result;
    this.backupPassword = new RandomPassword(`${name}-backup-reader`, PASSWORD, parent).result;
    this.archivePassword = new RandomPassword(`${name}-archive-writer`, PASSWORD, parent).result;
    this.backupKey = new RandomPassword(`${name}-backup-key`, PASSWORD, parent).result.apply((password) =>
      backupKey(createHash('sha256').update(password).digest()),
    );
    this.stampKey = new RandomPassword(`${name}-stamp-key`, PASSWORD, parent).result.apply((password) =>
      createHash('sha256').update(password).digest('hex').slice(0, 32),
    );
    this.timerKey = new RandomPassword(`${name}-timer-key`, PASSWORD, parent).result;
    this.notifyKeys = new Map(
      notifyGenerations.map((generation) => [
        generation,
        new RandomPassword(`${name}-notify-key-${generation}`, PASSWORD, parent).result.apply((password) =>
          createHash('sha256').update(password).digest('hex'),
        ),
      ]),
    );
    this.registerOutputs();
  }

  /** Password of one of these accounts. Secret. @throws Error if there is no account of this name. */
  accountPassword(username: string): Output<string> {
    const password = this.accountPasswords.get(username);
    if (!password) throw new Error(`there is no password of ${username}`);
    return password;
  }
}
