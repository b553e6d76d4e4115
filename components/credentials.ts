// The passwords of the platform's own services. Made here, kept in the vault, seen by nobody.
import { createHash } from 'node:crypto';
import { ComponentResource, type ComponentResourceOptions, type Output } from '@pulumi/pulumi';
import { RandomPassword } from '@pulumi/random/randomPassword.js';

/** Letters and digits only: the passwords are part of URLs, settings and files without any escaping. 43 characters are 256 bits. */
const PASSWORD = { length: 43, special: false };

/** Arguments of {@link Credentials}. */
export interface CredentialsArgs {
  /** Required. User names of ingest's broker accounts, one for each generation. The password of a name never changes. */
  ingestUsernames: readonly string[];
}

/** Passwords of the service accounts. */
export class Credentials extends ComponentResource {
  /** Ingest's accounts on the broker, by user name. Secret. */
  readonly ingestPasswords: ReadonlyMap<string, Output<string>>;
  /** The database role `mqtt_ingest`. Secret. */
  readonly databasePassword: Output<string>;
  /** The database role `broker_sync`. Secret. */
  readonly registryPassword: Output<string>;
  /** The database role `backup_reader`. Secret. */
  readonly backupPassword: Output<string>;
  /** The key of the gate's stamps, 32 hexadecimal digits. Secret. */
  readonly stampKey: Output<string>;
  /** With it the machine calls the Function App's timers. Secret. */
  readonly timerKey: Output<string>;

  constructor(name: string, { ingestUsernames }: CredentialsArgs, options?: ComponentResourceOptions) {
    super('mqtt-saas:index:Credentials', name, {}, options);
    const parent = { parent: this };
    this.ingestPasswords = new Map(
      ingestUsernames.map((user) => [user, new RandomPassword(`${name}-${user}`, PASSWORD, parent).result]),
    );
    this.databasePassword = new RandomPassword(`${name}-mqtt-ingest`, PASSWORD, parent).result;
    this.registryPassword = new RandomPassword(`${name}-broker-sync`, PASSWORD, parent).result;
    this.backupPassword = new RandomPassword(`${name}-backup-reader`, PASSWORD, parent).result;
    this.stampKey = new RandomPassword(`${name}-stamp-key`, PASSWORD, parent).result.apply((password) =>
      createHash('sha256').update(password).digest('hex').slice(0, 32),
    );
    this.timerKey = new RandomPassword(`${name}-timer-key`, PASSWORD, parent).result;
    this.registerOutputs();
  }

  /** Password of one of ingest's accounts. Secret. @throws Error if there is no account of this name. */
  ingestPassword(username: string): Output<string> {
    const password = this.ingestPasswords.get(username);
    if (!password) throw new Error(`there is no password of ${username}`);
    return password;
  }
}
