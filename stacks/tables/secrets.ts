// The secrets an environment keeps in its vault.
import { interpolate, type Output } from '@pulumi/pulumi';
import type { Credentials } from '../../components/credentials.ts';
import type { PrivateCa } from '../../components/private-ca.ts';
import type { VaultSecret } from '../../components/vault.ts';
import type { StackConfig } from '../configuration/parse.ts';
import { ingestPasswordSecret } from './ingest-accounts.ts';

/** Their names in the vault. */
export const SECRETS = {
  databaseUrl: 'ingest-database-url',
  registryUrl: 'registry-database-url',
  stampKey: 'broker-stamp-key',
  certificate: 'broker-tls-certificate',
  key: 'broker-tls-key',
  ca: 'broker-tls-ca',
  dnsToken: 'cloudflare-dns-token',
} as const;

/** The database role that may only insert, and the one that may only read the registry. */
type DatabaseRole = 'mqtt_ingest' | 'broker_sync';

const PEM = 'application/x-pem-file';

/**
 * Whether nothing in the vault can be purged before its retention ends. It can never be switched off again, so an environment
 * that is thrown away often must do without.
 */
export const hasPurgeProtection = (environment: string) => !['dev', 'test', 'sandbox'].includes(environment);

/** The secrets and what they are; the broker's certificate is among them when it comes from the private CA. */
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
  };
  for (const [username, value] of credentials.ingestPasswords) {
    secrets[ingestPasswordSecret(username)] = { value, contentType: `password of ${username}` };
  }
  if (dnsToken)
    secrets[SECRETS.dnsToken] = { value: dnsToken, contentType: 'Cloudflare token for the records of the zone' };
  if (!privateCa) return secrets;
  return {
    ...secrets,
    [SECRETS.certificate]: { value: privateCa.serverCertificate, contentType: PEM },
    [SECRETS.key]: { value: privateCa.serverKey, contentType: PEM },
    [SECRETS.ca]: { value: privateCa.caCertificate, contentType: PEM },
  };
}

/** Where a role reaches the database, with its password. Supabase's pooler finds the project by the user name's ending. */
function databaseUrl(config: StackConfig, role: DatabaseRole, password: Output<string>): Output<string> {
  const { databaseHost, databasePort, databaseName, databaseProjectRef } = config;
  const user = databaseProjectRef ? `${role}.${databaseProjectRef}` : role;
  return interpolate`postgresql://${user}:${password}@${databaseHost}:${databasePort}/${databaseName}?sslmode=verify-full`;
}
