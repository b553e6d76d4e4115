// The secrets an environment keeps in its vault.
import { interpolate, type Output } from '@pulumi/pulumi';
import type { Credentials } from '../components/credentials.ts';
import type { PrivateCa } from '../components/private-ca.ts';
import type { VaultSecret } from '../components/vault.ts';
import type { StackConfig } from './parse.ts';

/** Their names in the vault. */
export const SECRETS = {
  ingestPassword: 'svc-ingest-password',
  databaseUrl: 'ingest-database-url',
  certificate: 'broker-tls-certificate',
  key: 'broker-tls-key',
  ca: 'broker-tls-ca',
} as const;

/** The database role that may only insert. */
const DATABASE_ROLE = 'mqtt_ingest';

const PEM = 'application/x-pem-file';

/** The secrets and what they are; the broker's certificate is among them when it comes from the private CA. */
export function platformSecrets(
  config: StackConfig,
  credentials: Credentials,
  privateCa: PrivateCa | undefined,
): Record<string, VaultSecret> {
  const secrets: Record<string, VaultSecret> = {
    [SECRETS.ingestPassword]: { value: credentials.brokerPassword, contentType: 'password of svc-ingest' },
    [SECRETS.databaseUrl]: {
      value: databaseUrl(config, credentials.databasePassword),
      contentType: 'connection string of mqtt_ingest',
    },
  };
  if (!privateCa) return secrets;
  return {
    ...secrets,
    [SECRETS.certificate]: { value: privateCa.serverCertificate, contentType: PEM },
    [SECRETS.key]: { value: privateCa.serverKey, contentType: PEM },
    [SECRETS.ca]: { value: privateCa.caCertificate, contentType: PEM },
  };
}

/** Where ingest stores readings, with the password. Supabase's pooler finds the project by the user name's ending. */
function databaseUrl(config: StackConfig, password: Output<string>): Output<string> {
  const { databaseHost, databasePort, databaseName, databaseProjectRef } = config;
  const user = databaseProjectRef ? `${DATABASE_ROLE}.${databaseProjectRef}` : DATABASE_ROLE;
  return interpolate`postgresql://${user}:${password}@${databaseHost}:${databasePort}/${databaseName}?sslmode=verify-full`;
}
