// The secrets in an environment's vault.
import type { Output } from '@pulumi/pulumi';
import type { Credentials } from '../../components/credentials.ts';
import type { PrivateCa } from '../../components/private-ca.ts';
import type { VaultSecret } from '../../components/vault.ts';
import type { LoginRole } from '../../provisioning/database/login.ts';
import type { StackConfig } from '../configuration/parse.ts';
import { accountPasswordSecret } from './accounts.ts';

/** Their names in the vault. */
export const SECRETS = {
  databaseUrl: 'ingest-database-url',
  registryUrl: 'registry-database-url',
  backupUrl: 'backup-database-url',
  backupKey: 'backup-key',
  archiveUrl: 'archive-database-url',
  stampKey: 'broker-stamp-key',
  timerKey: 'timer-twin-key',
  certificate: 'broker-tls-certificate',
  key: 'broker-tls-key',
  ca: 'broker-tls-ca',
  dnsToken: 'cloudflare-dns-token',
  proToken: 'ubuntu-pro-token',
  smtpPassword: 'smtp-password',
  questionsKey: 'questions-key',
} as const;

/** What a secret that is set by hand holds before; the machine knows it: mqtt_saas/attach_pro.py. */
const NOT_SET = 'not set';
/** Of Supabase's pooler, by its mode. */
const TRANSACTION_PORT = 6543;
const SESSION_PORT = 5432;
const PEM = 'application/x-pem-file';

/**
 * Whether secrets can be purged only after their retention. Purge protection can never be switched off again, so an environment
 * that is often deleted and made again must do without it.
 */
export const hasPurgeProtection = (environment: string) => !['dev', 'test', 'sandbox'].includes(environment);

/** The key that opens the secrets of notification channels, by its generation. */
export const notifyKeySecret = (generation: number) => `notify-key-${generation}`;

/**
 * The generations that there are: the one in use, the former one, which still opens what was sealed for it, and the next, because a new right
 * to read it takes up to ten minutes to take effect in Azure.
 */
export const notifyGenerations = ({ notifyGeneration }: Pick<StackConfig, 'notifyGeneration'>) =>
  [notifyGeneration - 1, notifyGeneration, notifyGeneration + 1].filter((generation) => generation > 0);

/** The secrets and their purpose; with a private CA, the broker's certificate is one of them. */
export function platformSecrets(
  config: StackConfig,
  credentials: Credentials,
  { privateCa, dnsToken }: { privateCa: PrivateCa | undefined; dnsToken: Output<string> | undefined },
): Record<string, VaultSecret> {
  const secrets: Record<string, VaultSecret> = {
    [SECRETS.databaseUrl]: {
      value: databaseUrl(config, 'mqtt_ingest', credentials.databasePassword),
      contentType: 'connection string of mqtt_ingest',
    },
    [SECRETS.registryUrl]: {
      value: databaseUrl(config, 'broker_sync', credentials.registryPassword),
      contentType: 'connection string of broker_sync',
    },
    [SECRETS.stampKey]: { value: credentials.stampKey, contentType: "key of the broker's stamps, hexadecimal" },
    [SECRETS.timerKey]: { value: credentials.timerKey, contentType: "key that runs the timers' work" },
  };
  // A dump is one long session, and a run of the archive: a pooler in transaction mode cannot have them.
  const sessions = {
    ...config,
    databasePort: config.databasePort === TRANSACTION_PORT ? SESSION_PORT : config.databasePort,
  };
  if (config.archiveRunner !== undefined)
    secrets[SECRETS.archiveUrl] = {
      value: databaseUrl(sessions, 'archive_writer', credentials.archivePassword),
      contentType: 'connection string of archive_writer',
    };
  if (config.backupRunner !== undefined) {
    secrets[SECRETS.backupUrl] = {
      value: databaseUrl(sessions, 'backup_reader', credentials.backupPassword),
      contentType: 'connection string of backup_reader',
    };
    secrets[SECRETS.backupKey] = { value: credentials.backupKey, contentType: 'age key of the backups' };
  }
  for (const [username, value] of credentials.accountPasswords) {
    secrets[accountPasswordSecret(username)] = { value, contentType: `password of ${username}` };
  }
  for (const [generation, value] of credentials.notifyKeys) {
    secrets[notifyKeySecret(generation)] = { value, contentType: 'key of notification channels, hexadecimal' };
  }
  // As below: set in the vault by its holder.
  if (config.smtpHost)
    secrets[SECRETS.smtpPassword] = {
      value: NOT_SET,
      contentType: 'password at the mail server, set by hand',
      setByHand: true,
    };
  if (config.questionsUrl)
    secrets[SECRETS.questionsKey] = {
      value: NOT_SET,
      contentType: 'key of the provider of the language model, set by hand',
      setByHand: true,
    };
  if (dnsToken)
    secrets[SECRETS.dnsToken] = { value: dnsToken, contentType: 'Cloudflare token for the records of the zone' };
  // Its holder sets it in the vault: it is not part of a deployment, and must not be in a stack's state.
  if (config.ubuntuPro)
    secrets[SECRETS.proToken] = { value: NOT_SET, contentType: 'token of Ubuntu Pro, set by hand', setByHand: true };
  if (!privateCa) return secrets;
  return {
    ...secrets,
    [SECRETS.certificate]: { value: privateCa.serverCertificate, contentType: PEM },
    [SECRETS.key]: { value: privateCa.serverKey, contentType: PEM },
    [SECRETS.ca]: { value: privateCa.caCertificate, contentType: PEM },
  };
}

/** A role's connection string, with its password. Supabase's pooler finds the project by the end of the user name. */
function databaseUrl(
  { databaseHost, databasePort, databaseName, databaseProjectRef }: StackConfig,
  role: LoginRole,
  password: Output<string>,
): Output<string> {
  const user = databaseProjectRef ? `${role}.${databaseProjectRef}` : role;
  const place = `${databaseHost}:${databasePort}/${databaseName}?sslmode=verify-full`;
  // Without the SDK's `interpolate`: the doctor reads this file too, and would load the whole SDK for it.
  return password.apply((secret) => `postgresql://${user}:${secret}@${place}`);
}
