// Ingest's settings, and with them every field that other jobs compose.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { INGEST_RUN } from '../../domain/ingest-run.ts';
import { SettingsError } from './environment.ts';
import { readIngestSettings } from './ingest.ts';

const PEM = '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n';
const good = {
  MQTT_BROKER_URL: 'mqtts://mqtt.example.com',
  MQTT_BROKER_USERNAME: 'svc-ingest',
  MQTT_BROKER_PASSWORD: 'broker-secret',
  EXTERNAL_DATABASE_CONNECTION_STRING: 'postgres://mqtt_ingest:db%2Fsecret@pooler.example.com:6543/postgres',
};

const messageOf = (env: Record<string, string>) => {
  try {
    readIngestSettings(env);
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError);
    return (error as Error).message;
  }
  throw new Error('the settings were accepted');
};

test('reads the settings, with defaults', () => {
  expect(readIngestSettings(good)).toEqual({
    broker: { host: 'mqtt.example.com', port: 8883, tls: true },
    brokers: [{ host: 'mqtt.example.com', port: 8883, tls: true }],
    username: 'svc-ingest',
    password: 'broker-secret',
    ca: undefined,
    clientId: 'mqtt-ingest',
    database: {
      host: 'pooler.example.com',
      port: 6543,
      user: 'mqtt_ingest',
      password: 'db/secret',
      database: 'postgres',
      ssl: { rejectUnauthorized: true, ca: undefined },
    },

    batchCap: INGEST_RUN.batchCap.normal,
    timeGuardMs: INGEST_RUN.timeGuardMs.normal,
    logLevel: 'info',
    logPretty: false,
  });
});

test('lists every problem at once, and no value', () => {
  const message = messageOf({
    MQTT_BROKER_URL: 'mqtt://mqtt.example.com',
    MQTT_BROKER_PASSWORD: 'hunter2',
    EXTERNAL_DATABASE_CONNECTION_STRING: 'postgres://u:hunter3@db.example.com/x?sslmode=no-verify',
    MQTT_CLIENT_ID: 'has spaces',
    INGEST_BATCH_CAP: '0',
    INGEST_TIME_GUARD_MS: 'soon',
    LOG_LEVEL: 'loud',
  });
  for (const name of ['MQTT_BROKER_URL', 'MQTT_BROKER_USERNAME', 'EXTERNAL_DATABASE', 'MQTT_CLIENT_ID']) {
    expect(message).toContain(name);
  }
  for (const name of ['INGEST_BATCH_CAP', 'INGEST_TIME_GUARD_MS', 'LOG_LEVEL']) expect(message).toContain(name);
  expect(message).not.toMatch(/hunter|has spaces|soon|loud/);
  expect(message).toMatch(/^7 setting\(s\) to correct/);
});

test('an empty setting counts as missing', () => {
  expect(messageOf({ ...good, MQTT_BROKER_PASSWORD: '' })).toContain('MQTT_BROKER_PASSWORD is missing');
  expect(readIngestSettings({ ...good, INGEST_BATCH_CAP: '', MQTT_BROKER_CA: '' }).batchCap).toBe(
    INGEST_RUN.batchCap.normal,
  );
});

test('any setting may be in a file, which NAME_FILE names', () => {
  const dir = mkdtempSync(join(tmpdir(), 'mqtt-saas-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'ingest.key');
  writeFileSync(file, 'from a file\n');
  const { MQTT_BROKER_PASSWORD: given, ...others } = good;
  expect(readIngestSettings({ ...others, MQTT_BROKER_PASSWORD_FILE: file }).password).toBe('from a file');
  expect(readIngestSettings({ ...good, MQTT_BROKER_PASSWORD_FILE: file }).password).toBe(given);
  writeFileSync(file, '\n');
  expect(messageOf({ ...others, MQTT_BROKER_PASSWORD_FILE: file })).toContain('MQTT_BROKER_PASSWORD is missing');
  const none = { ...others, MQTT_BROKER_PASSWORD_FILE: join(dir, 'none') };
  expect(messageOf(none)).toContain('MQTT_BROKER_PASSWORD_FILE names a file that cannot be read');
});

test('a CA is PEM text, also with escaped line breaks, or a file', () => {
  const dir = mkdtempSync(join(tmpdir(), 'mqtt-saas-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'ca.pem');
  writeFileSync(file, PEM);
  for (const value of [PEM, PEM.replaceAll('\n', '\\n'), file]) {
    expect(readIngestSettings({ ...good, MQTT_BROKER_CA: value }).ca).toBe(PEM);
  }
  expect(messageOf({ ...good, MQTT_BROKER_CA: join(dir, 'none.pem') })).toContain('MQTT_BROKER_CA is neither');
  const key = '-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----';
  expect(messageOf({ ...good, EXTERNAL_DATABASE_CA: key })).toContain('EXTERNAL_DATABASE_CA holds no PEM certificate');
});

test.each([
  ['mqtt://localhost:1883', { host: 'localhost', port: 1883, tls: false }],
  ['mqtt://127.0.0.1', { host: '127.0.0.1', port: 1883, tls: false }],
  ['mqtts://[2001:db8::1]:8884', { host: '2001:db8::1', port: 8884, tls: true }],
])('%s is a broker address', (url, broker) => {
  expect(readIngestSettings({ ...good, MQTT_BROKER_URL: url }).broker).toEqual(broker);
});

test.each(['localhost', 'https://x', 'mqtt://10.0.0.4', 'mqtts://user:hunter2@x', 'mqtts://'])(
  '%s is not a broker address',
  (url) => {
    const message = messageOf({ ...good, MQTT_BROKER_URL: url });
    expect(message).toContain('MQTT_BROKER_URL must');
    expect(message).not.toContain('hunter2');
  },
);

test.each(['mqtts://a mqtts://b mqtts://c', 'mqtts://a mqtts://a:8883'])(
  '"%s" are not a broker and its standby',
  (urls) => expect(messageOf({ ...good, MQTT_INGEST_URLS: urls })).toContain('MQTT_INGEST_URLS must'),
);

test('the brokers to drain are those two, or the one', () => {
  const hosts = (more: object) => readIngestSettings({ ...good, ...more }).brokers.map(({ host }) => host);
  expect(hosts({ MQTT_INGEST_URLS: 'mqtts://a mqtts://b' })).toEqual(['a', 'b']);
  expect(hosts({ MQTT_INGEST_URLS: 'mqtts://a,mqtts://b' })).toEqual(['a', 'b']);
  expect(hosts({})).toEqual([readIngestSettings(good).broker.host]);
});

const sslOf = (rest: string) =>
  readIngestSettings({ ...good, EXTERNAL_DATABASE_CONNECTION_STRING: `postgres://u:p@${rest}` }).database.ssl;

test('the database is reached over verified TLS, except where nobody can listen', () => {
  const verified = { rejectUnauthorized: true, ca: undefined };
  expect(sslOf('127.0.0.1:5432/x')).toBe(false);
  expect(sslOf('db:5432/x?sslmode=disable')).toBe(false);
  expect(sslOf('db:5432/x')).toEqual(verified);
  for (const mode of ['require', 'verify-ca', 'verify-full']) {
    expect(sslOf(`db.example.com/x?sslmode=${mode}`)).toEqual(verified);
  }
});

test.each(['sslmode=disable', 'sslmode=prefer', 'sslmode=no-verify', 'uselibpqcompat=true', 'options=-c'])(
  'a database URL with ?%s is refused',
  (query) => {
    const url = `postgres://u:hunter2@db.example.com/x?${query}`;
    const message = messageOf({ ...good, EXTERNAL_DATABASE_CONNECTION_STRING: url });
    expect(message).toContain('EXTERNAL_DATABASE_CONNECTION_STRING');
    expect(message).not.toContain('hunter2');
  },
);

test('the example file lacks exactly its secrets, and names nothing that the worker does not read', () => {
  const text = readFileSync(new URL('../worker/worker.env.example', import.meta.url), 'utf8');
  const folder = mkdtempSync(join(tmpdir(), 'worker-env-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'gate.key'), 'b5d1c0a97e3f4f0c8c1de25a7be0f4c3\n');
  writeFileSync(join(folder, 'database-ca.pem'), PEM);
  const example = parseEnv(text.replaceAll('/etc/mqtt-saas', folder)) as Record<string, string>;
  expect(messageOf(example)).toMatch(
    /^2 setting\(s\) to correct:\n {2}EXTERNAL_\w+ is missing.*\n {2}MQTT_BROKER_PASSWORD/,
  );
  const { MQTT_BROKER_PASSWORD, EXTERNAL_DATABASE_CONNECTION_STRING } = good;
  const filled = { ...example, MQTT_BROKER_PASSWORD, EXTERNAL_DATABASE_CONNECTION_STRING };
  expect(readIngestSettings(filled)).toMatchObject({
    username: 'svc-ingest',
    clientId: 'mqtt-ingest',
  });
  const help = readFileSync(new URL('../worker/cli.ts', import.meta.url), 'utf8');
  expect(Object.keys(example).filter((key) => !help.includes(key.replace(/_FILE$/, '')))).toEqual([]);
});
