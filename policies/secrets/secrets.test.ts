// Secrets by format and by name, and texts that only look like one. No secret here is real: each is made up or truncated.
import { describe, expect, test } from 'vitest';
import { secretsIn } from './detectors.ts';
import { isAboutSecret, isSecretName } from './names.ts';

const JWT = ['eyJhbGciOiJIUzI1NiJ9', 'eyJyb2xlIjoic2VydmljZV9yb2xlIn0', 'c2lnbmF0dXJl'].join('.');
const letters = (count: number) => 'Ab3dEf7h'.repeat(Math.ceil(count / 8)).slice(0, count);

describe('a text with', () => {
  test.each([
    ['a private key', '-----BEGIN PRIVATE KEY-----'],
    ['a private key', '-----BEGIN OPENSSH PRIVATE KEY-----'],
    ['a private key', '-----BEGIN RSA PRIVATE KEY-----'],
    ['a private key', '-----BEGIN PGP PRIVATE KEY BLOCK-----'],
    ['a URL with a password in it', 'postgres://ingest:Tr0ub4dor@db.example.com:6543/postgres'],
    ['a URL with a password in it', 'mqtts://:Tr0ub4dor@mqtt.example.com'],
    ['a storage account key', `DefaultEndpointsProtocol=https;AccountName=x;AccountKey=${letters(86)}==`],
    [
      'a shared access key',
      `Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=a;SharedAccessKey=${letters(43)}=`,
    ],
    ['a shared access signature', `https://x.blob.core.windows.net/c?sv=2024&sig=${letters(40)}%3D`],
    ['a Supabase secret key', `sb_secret_${letters(22)}`],
    ['a JSON web token', JWT],
    ['a Microsoft Entra client secret', `abc8Q~${letters(34)}`],
    ['a GitHub token', `ghp_${letters(36)}`],
    ['an AWS access key', 'AKIAABCDEFGHIJKLMNOP'],
    ['an Authorization header', `Authorization: Bearer ${letters(24)}`],
    ['an Authorization header', 'curl -H "Authorization: Basic dXNlcjpwYXNz"'],
    ['a password hash', `$6$salt$${letters(86)}`],
    ['a password hash', `$7$101$${letters(16)}$${letters(86)}`],
    ['a password for chpasswd', "echo 'root:Tr0ub4dor' | chpasswd"],
    ['a password for chpasswd', 'chpasswd:\n  list: |\n    root:Tr0ub4dor\n'],
    ['a password on a command line', 'mosquitto_passwd -b /etc/mosquitto/passwd admin Tr0ub4dor'],
    ['a password on a command line', 'curl -u admin:Tr0ub4dor https://example.com'],
    ['a password on a command line', 'login --token Tr0ub4dor'],
    ['a password or token written as a setting', 'password: hunter2'],
    ['a password or token written as a setting', 'MQTT_PASSWORD=hunter2'],
    ['a password or token written as a setting', '{"clientSecret":"hunter2"}'],
    ['a password or token written as a setting', 'export API_KEY="hunter2 and more"'],
    ['a password or token written as a setting', 'Server=x;User=y;Password=Tr0ub4dor;'],
  ])('%s is recognised: %s', (kind, text) => {
    expect(secretsIn(text)).toContain(kind);
  });

  test.each([
    'password_file /etc/mosquitto/passwd',
    'PasswordAuthentication no',
    'lock_passwd: true',
    `password: \${BROKER_PASSWORD}`,
    'PASSWORD="$(cat /run/secrets/password)"',
    'password: <from Key Vault>',
    'token = get_token()',
    'token = response["access_token"]',
    'password = self.password',
    'connect(password=password)',
    'const token = await getToken();',
    'ingest-password=ingest.password',
    'password:\n  length: 32',
    `postgres://ingest:\${PASSWORD}@db.example.com/postgres`,
    'https://example.com/path?token_type=bearer',
    'mqtts://mqtt.example.com:8883',
    `Authorization: Bearer \${token}`,
    '-----BEGIN CERTIFICATE-----',
    '-----BEGIN PUBLIC KEY-----',
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICTih6NsXavdHXSZNi/lVsXpREUUhabVa/jz1DU3YQ2F operator',
    'sb_publishable_abcdefghijklmnop',
    'InstrumentationKey=00000000-0000-0000-0000-000000000000;IngestionEndpoint=https://x.example.com/',
    'secret: @Microsoft.KeyVault(VaultName=v;SecretName=s)',
  ])('%s is none', (text) => {
    expect(secretsIn(text)).toEqual([]);
  });
});

describe('the name', () => {
  test.each([
    'adminPassword',
    'MQTT_BROKER_PASSWORD',
    'EXTERNAL_DATABASE_CONNECTION_STRING',
    'AzureWebJobsStorage',
    'dbpassword',
    'WEBSITE_CONTENTAZUREFILECONNECTIONSTRING',
    'SUPABASE_SECRET_KEY',
    'storageAccessKey',
    'Broker__clientSecret',
    'API_KEY',
    'sasUrl',
    'tlsPrivateKey',
    'credentials',
    'SERVICE_ROLE_KEY',
    'token',
  ])('%s promises a secret', (name) => {
    expect(isSecretName(name)).toBe(true);
  });
  test.each([
    'MQTT_BROKER_URL',
    'AzureWebJobsStorage__accountName',
    'Broker__credential',
    'APPLICATIONINSIGHTS_CONNECTION_STRING',
    'SUPABASE_PUBLISHABLE_KEY',
    'sshPublicKey',
    'keyVaultUri',
    'secretName',
    'passwordVersion',
    'tokenEndpoint',
    'AI_TOKEN_CAP',
    'MQTT_BROKER_CA',
    'brokerCaCertificate',
    'partitionKey',
    'vaultName',
    'clientId',
  ])('%s does not', (name) => {
    expect(isSecretName(name)).toBe(false);
  });
  test('secretNames is about secrets', () => {
    expect(isAboutSecret('secretNames')).toBe(true);
    expect(isAboutSecret('url')).toBe(false);
  });
});
