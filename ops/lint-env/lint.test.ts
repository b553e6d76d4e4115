// The rules of `npm run lint:env` on lines that people write, good and bad.
import { expect, test } from 'vitest';
import { lintEnv } from './lint.ts';

const lint = (text: string) => lintEnv(Buffer.from(text));
const STRONG = 'b5d1c0a97e3f4f0c8c1de25a7be0f4c3';

const BAD: readonly [line: string, message: RegExp][] = [
  // Defaults and placeholders
  ['POSTGRES_PASSWORD=postgres', /has 8 of the 16 characters/],
  ['POSTGRES_PASSWORD=changeme', /contains "changeme"/],
  ['POSTGRES_PASSWORD=change-me-before-production-2026', /contains "change"/],
  ['ADMIN_PASSWORD=admin', /contains "admin"/],
  ['ADMIN_PASSWORD=Admin-2026-Administrator!', /contains "admin"/],
  ['JWT_SECRET=your-super-secret-jwt-token-with-at-least-32-characters-long', /contains "your"/],
  ['JWT_SECRET=secret', /contains "secret"/],
  ['SESSION_SECRET=supersecret', /contains "supersecret"/],
  ['MQTT_BROKER_PASSWORD=<password>', /placeholder/],
  [`MQTT_BROKER_PASSWORD=\${PASSWORD}`, /placeholder/],
  ['MQTT_BROKER_PASSWORD=[password of the broker]', /space|placeholder/],
  ['MQTT_BROKER_PASSWORD={{password}}', /placeholder/],
  ['MQTT_BROKER_PASSWORD=xxxxxxxxxxxxxxxxxxxxxxxx', /contains "x/],
  ['API_KEY=insert-the-key-of-your-provider', /contains "insert"/],
  ['API_TOKEN=todo', /contains "todo"/],
  ['API_TOKEN=none', /contains "none"/],
  ['SMTP_PASS=letmein', /contains "letmein"/],
  ['REDIS_PASSWORD=example-password-for-the-cache', /contains "example"/],
  ['SUPABASE_SERVICE_TOKEN=eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZSJ9.c2lnbmF0dXJl', /signed token/],
  ['GRAFANA_ADMIN_PASSWORD=demo', /contains "demo"/],
  // Short
  ['MQTT_BROKER_PASSWORD=a', /has 1 of the 16 characters/],
  ['MQTT_BROKER_PASSWORD=9fQx2LmZ7vR', /has 11 of the 16 characters/],
  ['WEBHOOK_SECRET=4c1de25a7be0f4c', /has 15 of the 16 characters/],
  ['PAGER_KEY=4711', /has 4 of the 16 characters/],
  // Guessable
  ['MQTT_BROKER_PASSWORD=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', /guessed/],
  ['MQTT_BROKER_PASSWORD=abcabcabcabcabcabcabcabc', /guessed/],
  ['MQTT_BROKER_PASSWORD=0123456789abcdef0123456789abcdef', /guessed/],
  ['MQTT_BROKER_PASSWORD=qwertyuiopasdfghjkl', /guessed/],
  ['MQTT_BROKER_PASSWORD=deadbeefdeadbeefdeadbeefdeadbeef', /guessed/],
  ['MQTT_BROKER_PASSWORD=00000000000000000000000000000000', /guessed/],
  ['MQTT_BROKER_PASSWORD=12345678901234567890', /guessed/],
  ['ENCRYPTION_KEY_BASE64=AAAAAAAAAAAAAAAAAAAAAA==', /guessed/],
  ['MQTT_BROKER_PASSWORD=iloveyouiloveyou', /guessed/],
  ['MQTT_BROKER_PASSWORD=1q2w3e4r5t6y7u8i', /guessed/],
  // Repeated
  [`A_SECRET=${STRONG}\nB_SECRET=${STRONG}`, /secret of A_SECRET, too/],
  [`A_SECRET=${STRONG}\nDATABASE_URL=postgres://app:${STRONG}@db:5432/app`, /secret of A_SECRET, too/],
  [`DATABASE_URL=postgres://app:${STRONG}@db:5432/app\nB_SECRET=${STRONG}`, /secret of DATABASE_URL, too/],
  ['LOG_LEVEL=info\nLOG_LEVEL=debug', /is set on line 1 already/],
  // URLs
  ['DATABASE_URL=postgres://app:postgres@db:5432/app', /has 8 of the 16 characters/],
  ['DATABASE_URL=postgres://app:changeme@db:5432/app', /contains "changeme"/],
  ['DATABASE_URL=postgres://app:9fQx2L@Z7vRt4KpW1@db.example.com:5432/app', /@ in its password/],
  ['DATABASE_URL=postgres://app:9fQx2L%mZ7vRt4KpW1@db.example.com:5432/app', /not a valid URL/],
  ['DATABASE_URL=postgres://app:9fQx2L/mZ7vRt4KpW1@db.example.com:5432/app', /not a valid URL|@/],
  [`DATABASE_URL=postgres://app:${STRONG}@db.example.com:5432/app?sslmode=disable`, /sslmode=verify-full/],
  [`DATABASE_URL=postgres://app:${STRONG}@db.example.com:5432/app?sslmode=prefer`, /sslmode=verify-full/],
  ['MQTT_BROKER_URL=mqtt://mqtt.example.com:1883', /in plain text. Use mqtts/],
  ['MQTT_BROKER_URL=ws://mqtt.example.com:9001', /in plain text. Use wss/],
  ['SUPABASE_URL=http://api.example.com', /in plain text. Use https/],
  ['REDIS_URL=redis://cache.example.com:6379', /in plain text. Use rediss/],
  // Protection that is switched off
  ['NODE_TLS_REJECT_UNAUTHORIZED=0', /accepts every certificate/],
  ['MQTT_ALLOW_ANONYMOUS=true', /lets everybody in/],
  ['SMTP_TLS=false', /switches TLS off/],
  ['MQTT_INSECURE=1', /check of certificates/],
  ['PGSSLMODE=prefer', /in plain text/],
  // Encoding
  ['MQTT_GATE_KEY=b5d1c0a97e3f4f0c', /32 lower-case hex/],
  ['MQTT_GATE_KEY=B5D1C0A97E3F4F0C8C1DE25A7BE0F4C3', /32 lower-case hex/],
  ['SIGNING_KEY_HEX=b5d1c0a97e3f4f0c8c1de25a7be0f4c', /must be hexadecimal/],
  ['SIGNING_KEY_BASE64=tdHAqX4/TwyMHeJae+D0w', /not valid Base64/],
  ['SIGNING_KEY_BASE64=tdHAqX4_TwyMHeJae-D0ww==', /not valid Base64/],
  ['TLS_KEY="-----BEGIN PRIVATE KEY-----"', /only the first line/],
  ['MQTT_BROKER_PASSWORD=Zürich9fQx2LmZ7vRt4KpW', /beyond ASCII/],
  ['MQTT_BROKER_PASSWORD=9fQx2LmZ\u200b7vRt4KpW1234', /invisible/],
  // How the line is written
  ['LOG_LEVEL = info', /space beside/],
  ['LOG_LEVEL= info', /space beside/],
  ['LOG_LEVEL=info ', /ends with a space/],
  ['LOG_LEVEL=info\r', /carriage return/],
  ['LOG-LEVEL=info', /letters, digits and underscores/],
  ['2LEVEL=info', /letters, digits and underscores/],
  ['LOG_LEVEL', /neither NAME=value/],
  ['LOG_LEVEL: info', /neither NAME=value/],
  ['OWNER="platform', /no closing "/],
  ['OWNER="platform" team', /behind the closing/],
  ['OWNER=platform team', /space in its value/],
  ["OWNER=plat'form", /quote or a backslash/],
  ['OWNER=“platform”', /typographic/],
  ['\ufeffLOG_LEVEL=info', /byte order mark/],
];

const GOOD: readonly string[] = [
  '',
  '# a comment',
  '  # an indented comment',
  'MQTT_BROKER_PASSWORD=',
  'MQTT_BROKER_PASSWORD=""',
  'JWT_SECRET= # openssl rand -hex 32',
  'MQTT_BROKER_PASSWORD_FILE=/run/secrets/mqtt-password',
  `MQTT_BROKER_PASSWORD=${STRONG}`,
  'MQTT_BROKER_PASSWORD=9fQx2LmZ7vRt4KpW',
  'MQTT_BROKER_PASSWORD="9fQx2LmZ 7vRt4KpW"',
  "MQTT_BROKER_PASSWORD='9fQx$2LmZ7vRt4KpW'",
  `export JWT_SECRET=${STRONG}`,
  `MQTT_GATE_KEY=${STRONG}`,
  'MQTT_GATE_KEY_FILE=/etc/mqtt-saas/gate.key',
  'SIGNING_KEY_BASE64=tdHAqX4/TwyMHeJae+D0ww==',
  'SUPABASE_PUBLISHABLE_KEY=sb_publishable_example',
  'NEXT_PUBLIC_SUPABASE_ANON_KEY=example',
  'SSH_PUBLIC_KEY="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICTih6Ns example"',
  `DATABASE_URL=postgres://app:${STRONG}@db:5432/app`,
  `DATABASE_URL=postgres://app:${STRONG}@db.example.com:5432/app?sslmode=verify-full`,
  'DATABASE_URL=postgres://app:9fQx2L%40mZ7vRt4KpW1@db.example.com:5432/app',
  `DATABASE_URL=postgres://app:${STRONG}@db:5432/app?sslmode=disable`,
  'MQTT_BROKER_URL=mqtts://mqtt.example.com:8883',
  'MQTT_BROKER_URL=mqtt://127.0.0.1:1883',
  'MQTT_BROKER_URL=mqtt://broker:1883',
  'SUPABASE_URL=http://localhost:54321',
  'LOG_LEVEL=info',
  'LOG_LEVEL=info # or debug',
  'OWNER="platform team"',
  'EMPTY=',
  'INGEST_BATCH_CAP=5000',
  'MQTT_ALLOW_ANONYMOUS=false',
  'SMTP_TLS=true',
  'PGSSLMODE=verify-full',
  'PRIMARY_KEY_COLUMN=id',
  'KEYBOARD=de',
  'TOKEN_LIFETIME_SECONDS=3600',
];

test('the lists are long enough to mean something', () => {
  expect(BAD.length).toBeGreaterThanOrEqual(60);
  expect(GOOD.length).toBeGreaterThanOrEqual(30);
});

test.each(BAD)('%j is refused', (text, message) => {
  const problems = lint(text);
  expect(problems.map(({ key, message: said }) => `${key} ${said}`).join('\n')).toMatch(message);
});

test.each(GOOD)('%j is accepted', (text) => {
  expect(lint(text)).toEqual([]);
});

test('a file that is not UTF-8 is refused, and no message holds a value', () => {
  expect(lintEnv(Buffer.from([0x41, 0x3d, 0xe4]))[0]?.message).toMatch(/not UTF-8/);
  const secret = '9fQx2LmZ7vR';
  expect(JSON.stringify(lint(`A_SECRET=${secret}\nB_URL=postgres://u:${secret}@h/d`))).not.toContain(secret);
});

test('lines are counted from 1, and each keeps its own problem', () => {
  const problems = lint(`# settings\nA_SECRET=short\n\nLOG_LEVEL = info\nB_SECRET=${STRONG}\n`);
  expect(problems.map(({ line, key }) => [line, key])).toEqual([
    [2, 'A_SECRET'],
    [4, 'LOG_LEVEL'],
  ]);
});
